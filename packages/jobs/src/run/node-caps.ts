import { PulmuError } from "@pulmu/units";
import { drawnW, DRAWING, type Job } from "../book/job.ts";
import type { Desk } from "./desk.ts";

/** Holds the GPUs of nodes to a share of their power, or lets them go: a site's own tool, or the twin. */
export interface PowerCaps {
  /** Resolves when they are held. @param share 0.1…1; 1 = nothing holds them */
  hold(nodes: readonly string[], share: number): Promise<void>;
}

/** What is held is said again after this long: whoever holds it may have been started anew. */
const SAY_AGAIN_MS = 60_000;
/** When it failed, nobody is held back for this long: who must draw less is paused. */
const DISTRUST_MS = 300_000;

/** Keeps the nodes of jobs that may draw less than all held to that, and tells the engine what it is to count. */
export class NodeCaps {
  readonly #desk: Desk;
  /** Shares that nodes are held to, as far as we did it; undefined before it is known what an earlier runner left. */
  #held: Map<string, number> | undefined;
  #saidMs = -Infinity;
  #failedMs = -Infinity;
  /** Shares that the engine counts jobs with, where it is not all. */
  readonly #counted = new Map<string, number>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Jobs can be held back now. */
  able(nowMs: number): boolean {
    return this.#desk.options.caps !== undefined && nowMs - this.#failedMs >= DISTRUST_MS;
  }

  /** Brings nodes and engine to what was decided. A job that cannot be held back draws all of its power, and is counted so. */
  async apply(nowMs: number): Promise<void> {
    const { live, options } = this.#desk;
    if (options.caps === undefined) return;
    const wanted = new Map<string, number>();
    for (const { nodes, share, state } of live.all())
      if (share < 1 && DRAWING.has(state)) for (const node of nodes) wanted.set(node, share);
    const again = nowMs - this.#saidMs >= SAY_AGAIN_MS;
    const held = (this.#held ??= new Map(this.#desk.nodes.map(({ name }) => [name, NaN])));
    const changed = [...new Set([...held.keys(), ...wanted.keys()])].filter((node) => held.get(node) !== (wanted.get(node) ?? 1) || (again && wanted.has(node))); // prettier-ignore
    for (const [share, nodes] of Map.groupBy(changed, (node) => wanted.get(node) ?? 1)) await this.#hold(nodes, share, nowMs);
    if (again) this.#saidMs = nowMs;
    await this.#tellEngine();
  }

  async #hold(nodes: readonly string[], share: number, nowMs: number): Promise<void> {
    const { live, options } = this.#desk;
    try {
      await options.caps!.hold(nodes, share);
      for (const node of nodes) {
        if (share < 1) this.#held!.set(node, share);
        else this.#held!.delete(node);
      }
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      this.#failedMs = nowMs;
      this.#desk.trouble(error.message);
      if (share === 1) return; // it is tried again; who runs there is counted with all of it
      for (const job of live.filter((each) => each.share < 1 && each.nodes.some((node) => nodes.includes(node)))) {
        job.share = 1;
        this.#desk.dirty = true;
        live.tell(job, nowMs, "not-held", `could not be held to less power: ${error.problems[0].rule}`);
      }
    }
  }

  async #tellEngine(): Promise<void> {
    const { live, options } = this.#desk;
    for (const job of live.atEngine()) {
      if ((this.#counted.get(job.id) ?? 1) === job.share) continue;
      await this.#desk.tryEngine(async () => {
        await options.engine.countPower?.(job.engineId, drawnW(job));
        if (job.share < 1) this.#counted.set(job.id, job.share);
        else this.#counted.delete(job.id);
      });
    }
    for (const id of this.#counted.keys()) if (live.get(id) === undefined) this.#counted.delete(id);
  }
}

/** Can this job be held to less power, and go on? Only where it has its nodes for itself. */
export function leastW({ powerW, spec, state, nodes }: Job, gpusPerNode: number): number {
  const alone = state === "running" && nodes.length > 0 && spec.gpusPerNode >= gpusPerNode;
  return alone ? Math.ceil((powerW * spec.minPower) / 1000 - 1e-6) * 1000 : powerW;
}
