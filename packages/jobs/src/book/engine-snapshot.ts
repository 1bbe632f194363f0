import type { Reader, Store } from "@pulmu/journal";
import type { ClusterShape } from "../spec/cluster.ts";
import { replaceInfinity, reviveInfinity } from "./infinity.ts";

/** What the runner knows of its engine, as it wrote it down last: for those who are not the runner. */
export interface EngineSnapshot {
  readonly atMs: number;
  /** `Slurm by slurmrestd v0.0.38 and its commands (slurm-wlm 22.05.8)`. */
  readonly engine: string;
  readonly cluster: ClusterShape;
  readonly nodesUp: number;
  readonly nodesDraining: number;
  readonly nodesDown: number;
  readonly limitBudgetW: number;
  readonly drawnW: number;
  /** Grid event → envelope → budget; "" = nothing but the contract. */
  readonly cause: string;
  /** Listings the engine was asked for since the runner started, at `startedMs`. */
  readonly listings: number;
  readonly startedMs: number;
  /** What is wrong with the engine now; "" = nothing. */
  readonly problem: string;
  /** Where jobs have their directories. */
  readonly filesRoot: string;
}

export async function writeEngine(store: Store, snapshot: EngineSnapshot): Promise<void> {
  const body = JSON.stringify(snapshot, replaceInfinity);
  await store.transaction((tx) =>
    tx.run("insert into job_settings (name, value) values ('engine', $1) on conflict (name) do update set value = $1", [body]),
  );
}

/** Undefined: no runner has ever worked on this database. */
export async function readEngine(reader: Reader): Promise<EngineSnapshot | undefined> {
  const [row] = await reader.query<{ value: string }>("select value from job_settings where name = 'engine'");
  return row === undefined ? undefined : (JSON.parse(row.value, reviveInfinity) as EngineSnapshot);
}
