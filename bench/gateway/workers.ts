import type { PostgresServer } from "@pulmu/journal/testing";
import { load } from "./load.ts";
import { say } from "./rows.ts";
import { chat, WARM_ANSWERS, WARM_MS } from "./speed.ts";
import { pulmu, type Target } from "./targets.ts";

const CONNECTIONS = 64;
const FEW = 5_000;

/** One worker and two on one database and one port, with all on both cores; and whether a limit is exact when both spend it. */
export async function workers(upstream: Target, postgres: PostgresServer | undefined, durationMs: number): Promise<void> {
  const name = postgres === undefined ? "SQLite" : "PostgreSQL";
  const figures: { readonly rate: number; readonly cpuUs: number }[] = [];
  for (const processes of [1, 2]) {
    const target = await pulmu(upstream.url, await postgres?.database(), processes);
    try {
      const options = { url: target.url, headers: target.headers, body: JSON.stringify(chat(400)), connections: CONNECTIONS };
      await load({ ...options, durationMs: 2 * WARM_MS, atMost: processes * WARM_ANSWERS });
      const beforeMs = target.cpuMs();
      const { requests, seconds, failed } = await load({ ...options, durationMs: 2 * durationMs });
      figures.push({ rate: requests / seconds, cpuUs: ((target.cpuMs() - beforeMs) * 1_000) / requests });
      if (failed > 0) say(`${failed} requests failed`);
      if (processes === 1) continue;
      const few = await load({ ...options, headers: target.fewHeaders, durationMs: 3 * durationMs });
      say(
        `\n${name}: of a limit of ${FEW} requests a day, spent by two workers together: ${few.requests} were served, ${few.failed} refused`,
      );
    } finally {
      await target.stop();
    }
  }
  const [one, two] = figures;
  say(
    `${name}: one worker ${one.rate.toFixed(0)} requests/s at ${one.cpuUs.toFixed(0)} µs each; two ${two.rate.toFixed(0)} at ${two.cpuUs.toFixed(0)} µs: ${(two.rate / one.rate).toFixed(2)} times as many, where load and upstream share the two cores with them`,
  );
}
