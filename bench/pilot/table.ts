import type { Result } from "./trial.ts";
import type { JobId } from "./jobs.ts";
import type { Seen } from "./play.ts";
import { interval } from "./statistics.ts";

const HEAD = [
  "arm".padEnd(37),
  "tokens/s".padStart(13),
  "beside A0".padStart(14),
  "tokens/J".padStart(9),
  "TTFT p50, p99 s".padStart(18),
  "token p50, p99 ms".padStart(18),
  "low p99 beside A0".padStart(20),
  "high p99 beside A0".padStart(20),
  "mean, top kW".padStart(14),
  "over J".padStart(8),
  "over s".padStart(7),
  "trips".padStart(6),
  "writes/BMC/min".padStart(15),
].join(" ");

/** One line for each arm; latencies of a job are those to its first token and between tokens. The first arm is what others stand beside. */
export function table(results: readonly Result[]): string {
  return [HEAD, ...results.map((result) => row(result, results[0]))].join("\n");
}

function row({ arm, runs }: Result, baseline: Result): string {
  const mean = (value: (seen: Seen) => number) => interval(runs.map(value))[0];
  const most = (value: (seen: Seen) => number) => Math.max(...runs.map(value));
  const [tokens, spread] = interval(runs.map(({ tokensPerS }) => tokensPerS));
  const ms = (value: (seen: Seen) => number) => (mean(value) * 1000).toFixed(1);
  const beside = (job: JobId) => p99Beside(runs, baseline.runs, job).map(signed).join(", ");
  return [
    `${arm.id.padEnd(6)}${arm.name.padEnd(31)}`,
    `${tokens.toFixed(0)} ±${spread.toFixed(0).padStart(4)}`.padStart(13),
    gainText(runs, baseline.runs).padStart(14),
    mean(({ tokensPerJ }) => tokensPerJ)
      .toFixed(4)
      .padStart(9),
    `${mean(({ all }) => all.ttftP50S).toFixed(3)}, ${mean(({ all }) => all.ttftP99S).toFixed(3)}`.padStart(18),
    `${ms(({ all }) => all.itlP50S)}, ${ms(({ all }) => all.itlP99S)}`.padStart(18),
    beside("low").padStart(20),
    beside("high").padStart(20),
    `${(mean(({ meanW }) => meanW) / 1e3).toFixed(1)}, ${(most(({ highestW }) => highestW) / 1e3).toFixed(1)}`.padStart(14),
    mean(({ overJ }) => overJ)
      .toFixed(0)
      .padStart(8),
    String(most(({ overS }) => overS)).padStart(7),
    String(most(({ overloads }) => overloads)).padStart(6),
    mean(({ writesPerRackMin }) => writesPerRackMin)
      .toFixed(2)
      .padStart(15),
  ].join(" ");
}

/** Tokens beside another arm's, seed by seed: the same requests in both. */
export function gainOf(runs: readonly Seen[], others: readonly Seen[]): readonly [mean: number, half: number] {
  return interval(runs.map(({ tokensPerS }, i) => tokensPerS / others[i].tokensPerS - 1));
}

export function gainText(runs: readonly Seen[], others: readonly Seen[]): string {
  const [gain, half] = gainOf(runs, others);
  return `${signed(gain)} ±${(half * 100).toFixed(1)}`;
}

/** A job's p99 to the first token and between tokens over another arm's, less 1. */
export function p99Beside(runs: readonly Seen[], others: readonly Seen[], job: JobId): readonly number[] {
  return (["ttftP99S", "itlP99S"] as const).map((name) => {
    const mean = (arm: readonly Seen[]) => interval(arm.map(({ jobs }) => jobs[job][name]))[0];
    return mean(runs) / mean(others) - 1;
  });
}

export function signed(share: number): string {
  return `${share < 0 ? "−" : "+"}${Math.abs(share * 100).toFixed(1)} %`;
}
