/** Jobs of different names must have failed on a node within this time for it to be suspected. */
const WINDOW_MS = 3_600_000;
const STRIKES = 2;
/** Share of all nodes that is left out at most: when everything fails, it is not the nodes. */
const MOST = 0.1;

/** Nodes on which several different jobs have failed of late: new attempts go elsewhere, until an hour has passed. */
export class Suspects {
  readonly #strikes = new Map<string, Map<string, number>>();

  /** An attempt of this job failed on these nodes. */
  strike(jobId: string, nodes: readonly string[], nowMs: number): void {
    for (const node of nodes) {
      const strikes = this.#strikes.get(node) ?? new Map<string, number>();
      strikes.set(jobId, nowMs);
      this.#strikes.set(node, strikes);
    }
  }

  /** Those to leave out now, the worst first. */
  excluded(nodes: number, nowMs: number): readonly string[] {
    const counted: (readonly [node: string, strikes: number])[] = [];
    for (const [node, strikes] of this.#strikes) {
      for (const [job, atMs] of strikes) if (nowMs - atMs > WINDOW_MS) strikes.delete(job);
      if (strikes.size === 0) this.#strikes.delete(node);
      if (strikes.size >= STRIKES) counted.push([node, strikes.size]);
    }
    counted.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    return counted.slice(0, Math.floor(nodes * MOST)).map(([node]) => node);
  }
}
