import { Fleet, type FleetNode, loadHealthRules, nodesOfSite, prepareFleet, Watch } from "@pulmu/fleet";
import type { Principal } from "@pulmu/govern";
import type { Store } from "@pulmu/journal";
import type { Simulation, TwinEvent } from "@pulmu/twin";
import { TwinSite } from "./twin-site.ts";
import type { Watches } from "./watches.ts";

/** Between two rounds of the watch, seconds of the factory. */
const EVERY_S = 10;
/** Who mends what breaks in the twin, as the journal names him. */
const TECHNICIAN: Principal = { id: "twin:technician", grants: [{ role: "operator", tenantId: undefined }] };

export interface FleetServiceOptions {
  readonly wall: () => number;
  readonly complain: (text: string) => void;
  readonly watches: Watches;
}

/** The fleet of a running twin: its trays watched, its faults heard as a real site's would be, and mended when the twin has mended them. */
export class FleetService {
  readonly watch: Watch;
  readonly #fleet: Fleet;
  readonly #site: TwinSite;
  readonly #simulation: Simulation;
  readonly #complain: (text: string) => void;
  readonly #ready: Promise<unknown>;
  readonly #mended = new Set<string>();
  #working: Promise<void> | undefined;
  #nextS = 0;

  constructor(store: Store, simulation: Simulation, { wall, complain, watches }: FleetServiceOptions) {
    const now = () => simulation.atMs;
    const { racks: all, engineRacks } = simulation.site;
    const engines = new Set(engineRacks.map(({ rack }) => rack));
    const racks = new Set(all.flatMap(({ id }, rack) => (engines.has(rack) ? [] : [id])));
    this.#simulation = simulation;
    this.#complain = complain;
    this.#fleet = new Fleet(store, now, wall);
    this.#site = new TwinSite(simulation);
    const owns = ({ rackId }: FleetNode) => racks.has(rackId);
    const expects = (nodeId: string) => watches.expected(nodeId);
    this.watch = new Watch(this.#fleet, this.#site, { rules: loadHealthRules(), now, complain, owns, expects });
    watches.add(this.watch);
    // A gigawatt has a hundred thousand trays: taken in beside everything else.
    this.#ready = prepareFleet(store)
      .then(() => this.#fleet.add(TECHNICIAN, nodesOfSite(simulation.site), { tried: true }))
      .then(() => this.#takeUp());
    this.#ready.catch((error: Error) => complain(`fleet: ${error.message}`));
  }

  /** Takes note of what the twin says happened. */
  onEvent(event: TwinEvent): void {
    for (const { nodeId, source, observations } of this.#site.heard(event))
      this.watch.report({ nodeId, source, atMs: this.#simulation.atMs, observations });
  }

  /** Call after each second of the factory; a round that takes longer than the next is due is not doubled. */
  tick(): void {
    if (this.#simulation.atS < this.#nextS || this.#working !== undefined) return;
    this.#nextS = this.#simulation.atS + EVERY_S;
    this.#working = this.#round()
      .catch((error: Error) => this.#complain(`fleet: ${error.message}`))
      .finally(() => (this.#working = undefined));
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#ready.catch(() => {});
    await this.#working;
  }

  async close(): Promise<void> {
    await this.settled();
  }

  /** What an earlier run left in repair is whole in a twin that begins anew. */
  async #takeUp(): Promise<void> {
    for (const state of ["draining", "in-repair"] as const)
      for (const { id } of await this.#fleet.nodes(TECHNICIAN, { state })) {
        this.#mended.add(id);
        await this.#site.drain(id);
      }
  }

  async #round(): Promise<void> {
    await this.#ready;
    const atMs = this.#simulation.atMs;
    for (const { id } of await this.#site.nodes()) this.watch.report({ nodeId: id, source: "slurm", atMs, observations: [] });
    await this.watch.round();
    for (const { trays } of this.#site.takeRepaired()) for (const id of trays) this.#mended.add(id);
    for (const id of this.#mended) if (await this.#finish((await this.#fleet.node(TECHNICIAN, id)).node)) this.#mended.delete(id);
  }

  /** Brings a node that the twin has mended through the rest of its repair, as far as it can now. True when nothing is left to do. */
  async #finish({ id, state, serial }: FleetNode): Promise<boolean> {
    const fleet = this.#fleet;
    if (state === "ready" || state === "allocated" || state === "retired") return true;
    if (state === "degraded") await fleet.drain(TECHNICIAN, id, "mended in the twin: to be tried");
    if (state !== "in-repair") return false;
    const { tickets } = await fleet.node(TECHNICIAN, id);
    const { component, remedy, id: ticket } = tickets[0];
    const part = remedy === "replace" ? { partOut: `${serial}/${component || "tray"}`, partIn: `${serial}/${component || "tray"}#${ticket}` } : { partOut: "", partIn: "" }; // prettier-ignore
    await fleet.repair(TECHNICIAN, id, { kind: "diagnosed", component: component === "" && remedy === "replace" ? "tray" : component, remedy, note: "" }); // prettier-ignore
    await fleet.repair(TECHNICIAN, id, { kind: "mended", ...part, note: "mended in the twin" });
    await fleet.repair(TECHNICIAN, id, { kind: "validated", passed: true, note: "" });
    await fleet.returnToService(TECHNICIAN, id);
    return true;
  }
}
