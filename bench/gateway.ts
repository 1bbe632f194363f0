/**
 * What the gateway costs: CPU per request, added time, events of streams; beside the upstream alone, a proxy that looks at nothing, nginx
 * and Portkey, in one run against the same mock upstream. `--seconds N` for each measurement, `--database postgres://…` for another database.
 */
import { load, type LoadResult, percentile } from "./gateway/load.ts";
import { bare, mock, nginx, OTHER_CORE, portkey, PORTKEY_INSTALL, pulmu, type Target } from "./gateway/targets.ts";
import { spawnSync } from "node:child_process";

interface Case {
  readonly name: string;
  readonly connections: number;
  readonly body: object;
}

const chat = (characters: number, more: object = {}) => ({
  model: "bench",
  messages: [{ role: "user", content: "가나다라 ".repeat(characters / 5) }],
  max_tokens: 100,
  ...more,
});

const CASES: readonly Case[] = [
  { name: "small body, 16 connections", connections: 16, body: chat(400) },
  { name: "small body, 1 connection", connections: 1, body: chat(400) },
  {
    name: "64 KB prompt, 16 connections",
    connections: 16,
    body: { ...chat(5), messages: [{ role: "user", content: "x".repeat(65_000) }] },
  },
  { name: "streams of 100 events at once, 16 connections", connections: 16, body: chat(400, { stream: true }) },
  { name: "64 streams of 50 tokens/s", connections: 64, body: chat(400, { user: "pace-20", stream: true }) },
];

export async function run(options: readonly string[] = []): Promise<void> {
  const option = (name: string) => (options.includes(name) ? options[options.indexOf(name) + 1] : undefined);
  const durationMs = Number(option("--seconds") ?? 3) * 1_000;
  spawnSync("taskset", ["-cp", OTHER_CORE, String(process.pid)]);
  const upstream = await mock();
  const targets: Target[] = [upstream];
  try {
    targets.push(await bare(upstream.url));
    for (const [name, open, hint] of [
      ["nginx", nginx, "apt-get install nginx-light"],
      ["Portkey", portkey, PORTKEY_INSTALL],
    ] as const) {
      const target = await open(upstream.url);
      if (target === undefined) process.stdout.write(`${name} is not here, so it is not measured; to have it: ${hint}\n`);
      else targets.push(target);
    }
    targets.push(await pulmu(upstream.url, option("--database")));
    for (const each of CASES) await measure(each, targets, durationMs);
  } finally {
    for (const target of targets.toReversed()) await target.stop();
  }
}

async function measure({ name, connections, body }: Case, targets: readonly Target[], durationMs: number): Promise<void> {
  process.stdout.write(`\n${name}\n${"".padEnd(40)}  requests/s  events/s  CPU µs/request  p50 ms  p99 ms  first byte p50/p99 ms\n`);
  for (const target of targets) {
    const options = { url: target.url, headers: target.headers, body: JSON.stringify(body), connections };
    await load({ ...options, durationMs: durationMs / 3 });
    const beforeMs = target.cpuMs();
    const result = await load({ ...options, durationMs });
    process.stdout.write(`${row(target, result, target.cpuMs() - beforeMs)}\n`);
  }
}

function row(target: Target, { requests, events, failed, seconds, latencies, firsts }: LoadResult, cpuMs: number): string {
  const cells = [
    [(requests / seconds).toFixed(0), 12],
    [events === 0 ? "–" : (events / seconds).toFixed(0), 10],
    [((cpuMs * 1_000) / requests).toFixed(0), 16],
    [percentile(latencies, 0.5).toFixed(2), 8],
    [percentile(latencies, 0.99).toFixed(2), 8],
    [`${percentile(firsts, 0.5).toFixed(2)} / ${percentile(firsts, 0.99).toFixed(2)}`, 23],
  ] as const;
  return `${target.name.padEnd(40)}${cells.map(([text, width]) => text.padStart(width)).join("")}${failed > 0 ? `  ${failed} failed` : ""}`;
}
