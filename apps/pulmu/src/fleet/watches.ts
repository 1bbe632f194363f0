import type { Observation, SourceName, Watch } from "@pulmu/fleet";

/** What somebody heard of a node. */
export interface Heard {
  readonly nodeId: string;
  readonly source: SourceName;
  readonly observations: readonly Observation[];
}

/** All who watch a part of the fleet in this process: each hears of every node, by its own clock, and heeds those that it is for. */
export class Watches {
  readonly #watches: Watch[] = [];
  readonly #expected = new Map<string, Set<SourceName>>();

  add(watch: Watch): void {
    this.#watches.push(watch);
  }

  report(heard: Heard): void {
    for (const watch of this.#watches) watch.report({ ...heard, atMs: watch.now() });
  }

  /** From now on this source is asked about the node: its silence says something. */
  expect(nodeId: string, source: SourceName): void {
    this.#expected.set(nodeId, (this.#expected.get(nodeId) ?? new Set()).add(source));
  }

  expected(nodeId: string): readonly SourceName[] {
    return [...(this.#expected.get(nodeId) ?? [])];
  }
}
