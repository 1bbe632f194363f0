import { type EngineNode, type Fleet, loadHealthRules, Watch, type WorkEngine } from "../index.ts";

/** An engine in memory that does what it is told and writes down what that was. */
export function fakeEngine(ids: readonly string[]) {
  const nodes = new Map<string, EngineNode>(ids.map((id) => [id, { id, occupancy: "empty", draining: false }]));
  const change = (id: string, changes: Partial<EngineNode>) => void nodes.set(id, { ...nodes.get(id)!, ...changes });
  const asked: string[] = [];
  const engine = {
    asked,
    silent: false,
    run: (id: string, tenantId: string) => change(id, { occupancy: "busy", tenantId }),
    end: (id: string) => change(id, { occupancy: "empty" }),
    state: (id: string, occupancy: EngineNode["occupancy"]) => change(id, { occupancy }),
    drainByHand: (id: string) => change(id, { draining: true }),
    occupancyOf: (id: string) => nodes.get(id)!.occupancy,
    nodes: async () => {
      if (engine.silent) throw new Error("connection refused");
      return [...nodes.values()];
    },
    drain: async (id: string) => {
      asked.push(`drain ${id}`);
      change(id, { draining: true });
    },
    resume: async (id: string) => {
      asked.push(`resume ${id}`);
      change(id, { draining: false });
    },
  };
  return engine satisfies WorkEngine;
}

/** A watch that hears each node from the engine in every round, unless the engine is silent. */
export function watchOver(
  fleet: Fleet,
  engine: ReturnType<typeof fakeEngine>,
  clock: { readonly ms: number },
  complain: (text: string) => void,
): Watch {
  const watch = new Watch(fleet, engine, { rules: loadHealthRules(), now: () => clock.ms, complain });
  const round = watch.round.bind(watch);
  watch.round = async () => {
    if (!engine.silent)
      for (const { id } of await engine.nodes()) watch.report({ nodeId: id, source: "slurm", atMs: clock.ms, observations: [] });
    await round();
  };
  return watch;
}
