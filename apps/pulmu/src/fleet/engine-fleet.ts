import { type EngineNode, Fleet, loadHealthRules, nodesOfSlurm, prepareFleet, Watch, type WorkEngine } from "@pulmu/fleet";
import type { Principal } from "@pulmu/govern";
import type { Store } from "@pulmu/journal";
import type { Engine, EngineNode as JobNode } from "@pulmu/jobs";
import { Watches } from "./watches.ts";

/** Between two rounds: two listings at the engine each. */
const EVERY_MS = 15_000;
/** Who takes in what the engine names. */
const ENGINE: Principal = { id: "engine", grants: [{ role: "operator", tenantId: undefined }] };

export interface EngineFleetOptions {
  readonly watches?: Watches;
  /** Id of the rack that a node stands in; undefined: the site file does not say, and the engine's word for it is taken. */
  readonly rackIdOf?: (node: Pick<JobNode, "name" | "rack">) => string | undefined;
  /** Whose job it is, by the engine's id of it; undefined: nobody's that we know. */
  readonly tenantOf?: (engineId: string) => string | undefined;
  readonly now: () => number;
  readonly complain: (text: string) => void;
}

/**
 * The fleet of a scheduler: its nodes taken in as it names them, its word on them heard, and told which to drain. It serves them already:
 * they need no acceptance here.
 */
export class EngineFleet {
  readonly watch: Watch;
  readonly #engine: Engine;
  readonly #fleet: Fleet;
  readonly #now: () => number;
  readonly #complain: (text: string) => void;
  readonly #rackIdOf: NonNullable<EngineFleetOptions["rackIdOf"]>;
  readonly #ready: Promise<void>;
  readonly #timer: NodeJS.Timeout;
  #working: Promise<void> | undefined;
  #known = 0;

  constructor(
    store: Store,
    engine: Engine,
    { now, complain, watches = new Watches(), rackIdOf = () => undefined, tenantOf = () => undefined }: EngineFleetOptions,
  ) {
    this.#engine = engine;
    this.#rackIdOf = rackIdOf;
    this.#now = now;
    this.#complain = complain;
    this.#fleet = new Fleet(store, now);
    const owns = ({ typeId }: { readonly typeId: string }) => typeId.startsWith("slurm-");
    this.watch = new Watch(this.#fleet, workOf(engine, tenantOf), {
      rules: loadHealthRules(),
      now,
      complain,
      owns,
      expects: (nodeId) => watches.expected(nodeId),
    });
    watches.add(this.watch);
    this.#ready = prepareFleet(store);
    this.#ready.catch((error: Error) => complain(`fleet: ${error.message}`));
    this.#timer = setInterval(() => void this.round(), EVERY_MS).unref();
  }

  /** One round; while one is under way there is no other. */
  round(): Promise<void> {
    this.#working ??= this.#round()
      .catch((error: Error) => this.#complain(`fleet: ${error.message}`))
      .finally(() => (this.#working = undefined));
    return this.#working;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#working;
  }

  async #round(): Promise<void> {
    await this.#ready;
    try {
      const nodes = await this.#engine.nodes();
      if (nodes.length > this.#known) await this.#takeIn(nodes);
      for (const { name, state, reason } of nodes) {
        const down = { signal: "state", value: "DOWN", component: "", text: reason };
        this.watch.report({ nodeId: name, source: "slurm", atMs: this.#now(), observations: state === "down" ? [down] : [] });
      }
    } finally {
      await this.watch.round(); // what is not heard is judged too
    }
  }

  async #takeIn(nodes: Awaited<ReturnType<Engine["nodes"]>>): Promise<void> {
    const named = nodes.map(({ name, gpus }) => ({ id: name, gpus, occupancy: "unknown" as const, draining: false, observations: [] }));
    const rackOf = new Map(nodes.map((node) => [node.name, this.#rackIdOf(node) ?? node.rack]));
    await this.#fleet.add(ENGINE, nodesOfSlurm(named).map((node) => ({ ...node, rackId: rackOf.get(node.id) || node.rackId })), { tried: true }); // prettier-ignore
    this.#known = nodes.length;
  }
}

/** What the fleet asks of an engine, by what jobs ask of it. A node that works for somebody else is busy, too: for somebody. */
function workOf(engine: Engine, tenantOf: (engineId: string) => string | undefined): WorkEngine {
  return {
    nodes: async () => {
      const [nodes, changes] = await Promise.all([engine.nodes(), engine.changes("")]);
      const working = (changes?.jobs ?? []).filter(({ state }) => state === "running" || state === "ending");
      // A node that several share is the first one's; one whose job is nobody's that we know is somebody's.
      const busy = new Map(working.toReversed().flatMap((job) => job.nodes.map((name) => [name, tenantOf(job.engineId)] as const)));
      // An engine that gives no list of its jobs has not said that a node is empty.
      const quiet = changes?.complete === true ? ("empty" as const) : ("unknown" as const);
      return nodes.map(({ name, state, occupied }): EngineNode => ({
        id: name,
        occupancy: state === "down" ? "unknown" : busy.has(name) || occupied === true ? "busy" : quiet,
        draining: state === "draining",
        ...(busy.get(name) !== undefined && { tenantId: busy.get(name)! }),
      }));
    },
    drain: (node, reason) => engine.drain(node, reason),
    resume: (node) => engine.undrain(node),
  };
}
