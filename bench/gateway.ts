/**
 * What the gateway costs, in one run beside the upstream alone, a proxy that looks at nothing, nginx and Portkey, all before the same mock
 * upstream; on SQLite and PostgreSQL; with two workers; with 10,000 streams that say nothing, a reader that does not read, and callers
 * that come and go. `--seconds N` for each measurement, `--rounds N` of which the median counts, `--only speed|workers|memory`,
 * `--minutes N` of coming and going.
 */
import { spawnSync } from "node:child_process";
import { skipWithoutPostgres, startPostgres } from "@pulmu/journal/testing";
import { churn, idleStreams, slowReader } from "./gateway/memory.ts";
import { diskMs, say } from "./gateway/rows.ts";
import { speed } from "./gateway/speed.ts";
import { ALL_CORES, bare, mock, nginx, OTHER_CORE, portkey, pulmu, type Target } from "./gateway/targets.ts";
import { workers } from "./gateway/workers.ts";

export async function run(options: readonly string[] = []): Promise<void> {
  const option = (name: string) => (options.includes(name) ? options[options.indexOf(name) + 1] : undefined);
  const [seconds, rounds, minutes] = [Number(option("--seconds") ?? 2), Number(option("--rounds") ?? 3), Number(option("--minutes") ?? 1)];
  const only = option("--only");
  const wanted = (part: string) => only === undefined || only === part;
  const pin = (cores: string) => void spawnSync("taskset", ["-cp", cores, String(process.pid)]);
  const [diskP50, diskP99] = diskMs();
  say(`The disk alone keeps 16 KB in ${diskP50.toFixed(2)} ms (p50), ${diskP99.toFixed(2)} ms (p99).`);
  const skip = skipWithoutPostgres();
  if (skip !== false) say(`PostgreSQL is not measured: ${skip}`);
  const postgres = skip === false ? await startPostgres() : undefined;
  const upstream = await mock();
  const targets: Target[] = [upstream];
  try {
    pin(OTHER_CORE);
    if (wanted("speed")) {
      targets.push(await bare(upstream.url));
      for (const [name, open] of [
        ["nginx", nginx],
        ["Portkey", portkey],
      ] as const) {
        const target = await open(upstream.url);
        if (target === undefined) say(`${name} cannot be had here, so it is not measured.`);
        else targets.push(target);
      }
      targets.push(await pulmu(upstream.url));
      if (postgres !== undefined) targets.push(await pulmu(upstream.url, await postgres.database()));
      await speed(targets, seconds * 1_000, rounds);
      for (const target of targets.splice(1)) await target.stop();
    }
    if (wanted("memory")) {
      await idleStreams(upstream);
      await slowReader(upstream);
      await churn(upstream, minutes);
    }
    pin(ALL_CORES);
    if (wanted("workers"))
      for (const database of [undefined, postgres])
        if (database !== postgres || postgres !== undefined) await workers(upstream, database, seconds * 1_000);
  } finally {
    for (const target of targets.toReversed()) await target.stop();
    await postgres?.stop();
  }
}
