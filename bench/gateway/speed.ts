import { load, type LoadResult, percentile } from "./load.ts";
import { median, say } from "./rows.ts";
import type { Target } from "./targets.ts";

interface Case {
  readonly name: string;
  readonly connections: number;
  readonly body: object;
  /** A whole answer takes so long: measured over two of them at least, begun at different times. */
  readonly answerMs?: number;
}

export const chat = (characters: number, more: object = {}) => ({
  model: "bench",
  messages: [{ role: "user", content: "가나다라 ".repeat(characters / 5) }],
  max_tokens: 100,
  ...more,
});

const paced = chat(400, { user: "pace-20", stream: true });
const CASES: readonly Case[] = [
  { name: "small body, 16 connections", connections: 16, body: chat(400) },
  { name: "small body, 1 connection", connections: 1, body: chat(400) },
  {
    name: "64 KB prompt, 16 connections",
    connections: 16,
    body: { ...chat(5), messages: [{ role: "user", content: "x".repeat(65_000) }] },
  },
  { name: "streams of 100 events at once, 16 connections", connections: 16, body: chat(400, { stream: true }) },
  { name: "64 streams of 50 tokens/s", connections: 64, body: paced, answerMs: 2_000 },
  { name: "512 streams of 50 tokens/s", connections: 512, body: paced, answerMs: 2_000 },
];
/** Answers until an engine has compiled what it runs most, and no longer compiles beside: a gateway runs for weeks. */
export const WARM_ANSWERS = 20_000;
export const WARM_MS = 12_000;

interface Measured extends LoadResult {
  readonly cpuMs: number;
}

/** Each case for each target, `rounds` times in turn; of each figure the median is printed. */
export async function speed(targets: readonly Target[], durationMs: number, rounds: number): Promise<void> {
  for (const target of targets)
    for (const more of [{}, { stream: true }])
      await load({ ...to(target, chat(400, more)), connections: 16, durationMs: WARM_MS, atMost: WARM_ANSWERS });
  for (const each of CASES) {
    const results = new Map<Target, Measured[]>(targets.map((target) => [target, []]));
    for (let round = 0; round < rounds; round++)
      for (const [target, measured] of results) measured.push(await measure(target, each, durationMs));
    say(
      `\n${each.name}, median of ${rounds}\n${"".padEnd(40)}  requests/s  events/s  CPU µs/request  CPU µs/event  p50 ms  p99 ms  first byte p50/p99 ms`,
    );
    for (const [target, measured] of results) say(row(target, measured));
    if (each === CASES[0]) compare(results);
  }
}

/** Ratios hold on other machines as well; microseconds do not. */
function compare(results: ReadonlyMap<Target, readonly Measured[]>): void {
  const figures = [...results].map(([{ name }, measured]) => {
    const of = (figure: (one: Measured) => number) => median(measured.map(figure));
    return { name, cpuMs: of((one) => one.cpuMs / one.requests), rate: of((one) => one.requests / one.seconds) };
  });
  const named = (beginning: string) => figures.find(({ name }) => name.startsWith(beginning));
  const [bare, portkey] = [named("node:http"), named("@portkey")];
  for (const { name, cpuMs, rate } of figures.filter((figure) => figure.name.startsWith("pulmu"))) {
    if (bare !== undefined) say(`${name}: ${(cpuMs / bare.cpuMs).toFixed(2)} times the CPU of a proxy that looks at nothing`);
    if (portkey !== undefined)
      say(`${name}: 1/${(portkey.cpuMs / cpuMs).toFixed(1)} of Portkey's CPU, ${(rate / portkey.rate).toFixed(1)} times its requests/s`);
  }
}

const to = ({ url, headers }: Target, body: object) => ({ url, headers, body: JSON.stringify(body) });

async function measure(target: Target, { connections, body, answerMs }: Case, durationMs: number): Promise<Measured> {
  const beforeMs = target.cpuMs();
  const times = answerMs === undefined ? { durationMs } : { durationMs: Math.max(durationMs, 2 * answerMs), spreadMs: answerMs };
  const result = await load({ ...to(target, body), connections, ...times });
  return { ...result, cpuMs: target.cpuMs() - beforeMs };
}

function row({ name }: Target, measured: readonly Measured[]): string {
  const of = (figure: (one: Measured) => number) => median(measured.map(figure));
  const streamed = measured[0].events > 0;
  const failed = measured.reduce((sum, one) => sum + one.failed, 0);
  const cells = [
    [of((one) => one.requests / one.seconds).toFixed(0), 12],
    [streamed ? of((one) => one.events / one.seconds).toFixed(0) : "–", 10],
    [of((one) => (one.cpuMs * 1_000) / one.requests).toFixed(0), 16],
    [streamed ? of((one) => (one.cpuMs * 1_000) / one.events).toFixed(1) : "–", 14],
    [of((one) => percentile(one.latencies, 0.5)).toFixed(2), 8],
    [of((one) => percentile(one.latencies, 0.99)).toFixed(2), 8],
    [`${of((one) => percentile(one.firsts, 0.5)).toFixed(2)} / ${of((one) => percentile(one.firsts, 0.99)).toFixed(2)}`, 23],
  ] as const;
  return `${name.padEnd(40)}${cells.map(([text, width]) => text.padStart(width)).join("")}${failed > 0 ? `  ${failed} failed` : ""}`;
}
