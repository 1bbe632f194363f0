import { type EngineNode, type Observation, readRedfish, readXids, trayId, type WorkEngine } from "@pulmu/fleet";
import type { Simulation, TwinEvent } from "@pulmu/twin";

/** An outage of the twin, and the trays of its rack that are taken to be out with it. */
export interface TwinOutage {
  readonly rackId: string;
  readonly kind: "gpu" | "tray" | "rack";
  readonly trays: readonly string[];
  repaired: boolean;
}

interface RackTrays {
  readonly ids: readonly string[];
  readonly gpusPerTray: number;
}

/**
 * The twin's racks as a scheduler and a BMC would show them, tray by tray. The twin itself knows how many GPUs of a rack are out and who
 * holds how many; which tray that is, it does not say: here a fault takes the first trays that are whole, and work stands on trays in
 * their order, last on those that are being drained.
 */
export class TwinSite implements WorkEngine {
  readonly #simulation: Simulation;
  readonly #racks: ReadonlyMap<string, RackTrays>;
  readonly #draining = new Set<string>();
  readonly #outages: TwinOutage[] = [];

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#racks = new Map(
      simulation.site.racks.map(({ id, type }) => [
        id,
        { ids: Array.from({ length: type.trays }, (_, tray) => trayId(id, tray)), gpusPerTray: type.gpusPerTray },
      ]),
    );
  }

  async nodes(): Promise<readonly EngineNode[]> {
    const holders = new Map<number, { readonly tenantId: string; gpus: number }[]>();
    for (const { tenantId, pieces } of this.#simulation.placements())
      for (const { rack, gpus } of pieces) holders.set(rack, [...(holders.get(rack) ?? []), { tenantId, gpus }]);
    const out = new Set(this.#open().flatMap(({ trays }) => trays));
    return this.#simulation.site.racks.flatMap(({ id }, rack) => this.#rackNodes(id, holders.get(rack) ?? [], out));
  }

  async drain(nodeId: string): Promise<void> {
    this.#draining.add(nodeId);
  }

  async resume(nodeId: string): Promise<void> {
    this.#draining.delete(nodeId);
  }

  /** What is repaired in the twin and was out: forgotten once told. */
  takeRepaired(): readonly TwinOutage[] {
    const repaired = this.#outages.filter((outage) => outage.repaired);
    for (const outage of repaired) this.#outages.splice(this.#outages.indexOf(outage), 1);
    return repaired;
  }

  /** What sources would say of an event of the twin: of which node, by which source. */
  heard({
    kind,
    subject,
    outage,
  }: TwinEvent): readonly { readonly nodeId: string; readonly source: "xid" | "redfish"; readonly observations: readonly Observation[] }[] {
    const rack = this.#racks.get(subject);
    if (rack === undefined || outage === undefined || (outage.kind !== "gpu" && outage.kind !== "tray" && outage.kind !== "rack"))
      return [];
    if (kind === "repair") {
      const mended = this.#open().find((open) => open.rackId === subject && open.kind === outage.kind);
      if (mended !== undefined) mended.repaired = true;
      return [];
    }
    const out = new Set(this.#open().flatMap(({ trays }) => trays));
    const wanted =
      outage.kind === "rack" ? rack.ids.length : outage.kind === "tray" ? outage.count : Math.ceil(outage.count / rack.gpusPerTray);
    const trays = rack.ids.filter((id) => !out.has(id)).slice(0, wanted);
    this.#outages.push({ rackId: subject, kind: outage.kind, trays, repaired: false });
    return trays.map(
      (nodeId) =>
      outage.kind === "gpu"
        ? { nodeId, source: "xid", observations: readXids("NVRM: Xid (PCI:0000:1b:00): 79, GPU has fallen off the bus.", GPU_0) }
        : { nodeId, source: "redfish", observations: readRedfish({ "@odata.id": "/redfish/v1/Systems/1", Name: "Compute tray", Status: { Health: "Critical", State: "UnavailableOffline" } }) }, // prettier-ignore
    );
  }

  #open(): TwinOutage[] {
    return this.#outages.filter(({ repaired }) => !repaired);
  }

  #rackNodes(
    rackId: string,
    holders: readonly { readonly tenantId: string; gpus: number }[],
    out: ReadonlySet<string>,
  ): readonly EngineNode[] {
    const { ids, gpusPerTray } = this.#racks.get(rackId)!;
    const tenants = new Map<string, string>();
    const places = ids
      .map((id) => ({ id, free: gpusPerTray, late: out.has(id) ? 2 : this.#draining.has(id) ? 1 : 0 }))
      .toSorted((a, b) => a.late - b.late);
    let at = 0;
    for (const { tenantId, gpus } of holders) {
      for (let left = gpus; left > 0 && at < places.length;) {
        const place = places[at];
        if (!tenants.has(place.id)) tenants.set(place.id, tenantId);
        const taken = Math.min(left, place.free);
        left -= taken;
        place.free -= taken;
        if (place.free <= 0) at++;
      }
    }
    return ids.map((id) => {
      const tenantId = tenants.get(id);
      return {
        id,
        occupancy: tenantId === undefined ? "empty" : "busy",
        draining: this.#draining.has(id),
        ...(tenantId !== undefined && { tenantId }),
      };
    });
  }
}

const GPU_0: ReadonlyMap<string, number> = new Map([["0000:1b:00", 0]]);
