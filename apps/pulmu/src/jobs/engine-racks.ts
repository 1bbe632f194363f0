import { type EngineNode, gaveWayToPower, type Job } from "@pulmu/jobs";
import type { Site } from "@pulmu/site";
import type { OutsideWork, Simulation } from "@pulmu/twin";

/** Where in the site an engine's nodes stand: by the names that the site file gives, or by the rack that the engine itself names. */
export class EngineRacks {
  readonly #site: Site;
  readonly #byName: ReadonlyMap<string, number>;
  readonly #byRack: ReadonlyMap<string, number>;

  constructor(site: Site) {
    this.#site = site;
    this.#byName = new Map(site.engineRacks.flatMap(({ rack, nodes }) => nodes.map((name) => [name, rack] as const)));
    this.#byRack = new Map(site.engineRacks.map(({ rack }) => [site.racks[rack].id, rack]));
  }

  /** Index into the site's racks; undefined for a node that the site does not have. */
  rackOf({ name, rack }: Pick<EngineNode, "name" | "rack">): number | undefined {
    return this.#byName.get(name) ?? this.#byRack.get(rack);
  }

  /** Of a node that stands in the site, the id of its rack. */
  rackIdOf(node: Pick<EngineNode, "name" | "rack">): string | undefined {
    const rack = this.rackOf(node);
    return rack === undefined ? undefined : this.#site.racks[rack].id;
  }

  /**
   * What runs on the site's racks now, and what would if it had not given way to power.
   * @param wattsPerGpu of a GPU at full work; a job that says that it draws less works less of the time
   */
  worksOf(jobs: readonly Job[], nodes: readonly EngineNode[], wattsPerGpu: number): readonly OutsideWork[] {
    const nodeOf = new Map(nodes.map((node) => [node.name, node]));
    const free = new Map(this.#site.engineRacks.map(({ rack }) => [rack, this.#gpusOf(rack)]));
    return jobs.flatMap((job): OutsideWork[] => {
      const pieces = job.runSinceMs > 0 ? this.#piecesOf(job, nodeOf, free) : [];
      if (pieces.length === 0 && !(gaveWayToPower(job) && job.gpus > 0)) return [];
      const { id, tenantId, gpus, spec } = job;
      const busy = job.share * Math.min(1, (spec.powerPerGpu ?? wattsPerGpu) / wattsPerGpu);
      return [{ id, tenantId, serviceClass: spec.class, kind: "training", gpus, busy, pieces }];
    });
  }

  #piecesOf({ nodes, spec }: Job, nodeOf: ReadonlyMap<string, EngineNode>, free: Map<number, number>): OutsideWork["pieces"] {
    const held = new Map<number, number>();
    for (const name of nodes) {
      const rack = this.rackOf(nodeOf.get(name) ?? { name, rack: "" });
      if (rack === undefined) continue;
      // A listing that is seconds old may give a GPU to two: a rack has no more than it has.
      const gpus = Math.min(spec.gpusPerNode, this.#site.racks[rack].type.gpusPerTray, free.get(rack)!);
      free.set(rack, free.get(rack)! - gpus);
      if (gpus > 0) held.set(rack, (held.get(rack) ?? 0) + gpus);
    }
    return [...held].map(([rack, gpus]) => ({ rack, gpus }));
  }

  #gpusOf(rack: number): number {
    const { trays, gpusPerTray } = this.#site.racks[rack].type;
    return trays * gpusPerTray;
  }
}

/** Tells the plant, second by second, what the engine runs on its racks. */
export class EngineWork {
  readonly #plant: Simulation;
  readonly #racks: EngineRacks;
  readonly #seen: () => { readonly jobs: readonly Job[]; readonly nodes: readonly EngineNode[] };
  readonly #wattsPerGpu: number;
  readonly #complain: (text: string) => void;
  #told = "[]";
  #strangers = "";

  constructor(
    plant: Simulation,
    racks: EngineRacks,
    seen: () => { readonly jobs: readonly Job[]; readonly nodes: readonly EngineNode[] },
    { wattsPerGpu, complain }: { readonly wattsPerGpu: number; readonly complain: (text: string) => void },
  ) {
    this.#plant = plant;
    this.#racks = racks;
    this.#seen = seen;
    this.#wattsPerGpu = wattsPerGpu;
    this.#complain = complain;
  }

  tick(): void {
    const { jobs, nodes } = this.#seen();
    const strangers = nodes.filter((node) => this.#racks.rackOf(node) === undefined).map(({ name }) => name);
    if (strangers.join() !== this.#strangers && strangers.length > 0)
      this.#complain(`jobs: in no rack of the site file, so that no meter sees them: ${strangers.slice(0, 5).join(", ")}${strangers.length > 5 ? ` and ${strangers.length - 5} more` : ""}`); // prettier-ignore
    this.#strangers = strangers.join();
    const works = this.#racks.worksOf(jobs, nodes, this.#wattsPerGpu);
    const told = JSON.stringify(works);
    if (told === this.#told) return;
    this.#told = told;
    this.#plant.setOutsideWork(works);
  }
}
