import { migrate, type Migration, type Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import type { TakenTargets, TargetStore } from "./flex-endpoint.ts";

const MIGRATIONS: readonly Migration[] = [
  {
    name: "load targets of each agent",
    statements: ["create table exchange_load_targets (agent text primary key, targets text not null)"],
  },
];

/** Keeps an agent's load targets in a database: a target that the grid has set outlives the process that heard it. */
export async function openTargetStore(store: Store, agent: string): Promise<TargetStore> {
  await migrate(store, "exchange-agent", MIGRATIONS);
  return {
    async load() {
      const [row] = await store.query<{ targets: string }>("select targets from exchange_load_targets where agent = $1", [agent]);
      if (row === undefined) return [];
      try {
        return JSON.parse(row.targets) as readonly TakenTargets[]; // nobody writes here but `save`
      } catch {
        throw new PulmuError({
          code: "exchange.targets-damaged",
          file: store.place,
          path: agent,
          rule: "the load targets kept here cannot be read",
        });
      }
    },
    async save(targets) {
      const text = JSON.stringify(targets);
      await store.transaction(async (tx) => {
        const changed = await tx.run("update exchange_load_targets set targets = $1 where agent = $2", [text, agent]);
        if (changed === 0) await tx.run("insert into exchange_load_targets (agent, targets) values ($1, $2)", [agent, text]);
      });
    },
  };
}
