import type { DescribedPoint } from "./power-tree.ts";

/** Points by what they belong to and what they measure. */
export class ObjectIndex {
  readonly #slots = new Map<string, number>();

  constructor(points: Iterable<DescribedPoint>) {
    for (const { slot, metadata } of points) {
      const id = metadata.rackLocationId ?? metadata.objectId;
      if (id !== undefined) this.#slots.set(keyOf(id, metadata.pointType, metadata.processArea), slot);
    }
  }

  /** Slot of a rack's or an object's point; of those that a process area tells apart, the one of exactly this area. */
  find(id: string, pointType: string, processArea?: readonly string[]): number | undefined {
    return this.#slots.get(keyOf(id, pointType, processArea));
  }
}

function keyOf(id: string, pointType: string, processArea: readonly string[] = []): string {
  return JSON.stringify([id, pointType, ...processArea]);
}
