import type { GpuDemand, Site, Workload } from "@pulmu/site";
import { need } from "./grid-side.ts";
import type { RackPool } from "./placement.ts";
import type { RackState } from "./rack-state.ts";

/** The racks that work may be placed on, by their type. */
export class RackPools {
  readonly #site: Site;
  readonly #state: RackState;
  readonly #byType = new Map<string, RackPool>();

  /** @param isLeftOut by rack, 1: nothing is placed there */
  constructor(site: Site, state: RackState, isLeftOut: Uint8Array) {
    this.#site = site;
    this.#state = state;
    for (const typeId of new Set(site.racks.map((rack) => rack.typeId))) {
      const racks = site.racks.flatMap((rack, index) => (rack.typeId === typeId && isLeftOut[index] === 0 ? [index] : []));
      if (racks.length > 0)
        this.#byType.set(typeId, { racks: Int32Array.from(racks), halls: Int32Array.from(racks, (r) => site.racks[r].hall) });
    }
  }

  of(typeId: string): RackPool {
    return need(this.#byType.get(typeId), typeId);
  }

  /** The types that a workload may go to, in the order of the site. */
  typesFor(workload: Workload): string[] {
    const all = [...this.#byType.keys()];
    return workload.rackTypeIds.length === 0 ? all : all.filter((typeId) => workload.rackTypeIds.includes(typeId));
  }

  /** GPUs a demand means on one rack type: a share is taken of each type, a count goes to the first. */
  demandOn(demand: GpuDemand, typeId: string, types: readonly string[]): number {
    if ("gpus" in demand) return typeId === types[0] ? demand.gpus : 0;
    const { racks } = this.of(typeId);
    let gpus = 0;
    for (const rack of racks) gpus += this.#state.gpus[rack];
    const perTray = this.#site.racks[racks[0]].type.gpusPerTray;
    return Math.floor((gpus * demand.share) / perTray) * perTray;
  }

  /** GPUs that are free and have power. */
  freeOn(typeId: string): number {
    let free = 0;
    for (const rack of this.of(typeId).racks) if (this.#state.up[rack] === 1) free += this.#state.freeGpus[rack];
    return free;
  }
}
