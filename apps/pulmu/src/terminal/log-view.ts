import { SERIES } from "@pulmu/twin";
import { formatPower } from "@pulmu/units";
import type { LiveFactory } from "../live/factory.ts";
import { tokensPerSPerMW } from "../live/state.ts";
import { count, fixed, grouped, known, latency, localTime } from "./format.ts";

const LINE_EVERY_MS = 10_000;
/** Ticks come a little early or late: a line is due when the next tick would be later than this. */
const SLACK_MS = 500;

/** A line every 10 s, for a factory that runs without a terminal. The first comes with the first tick. */
export class LogView {
  readonly #line: () => string;
  readonly #nowMs: () => number;
  #nextMs = -Infinity;

  constructor(line: () => string, nowMs: () => number) {
    this.#line = line;
    this.#nowMs = nowMs;
  }

  tick(): void {
    if (this.#nowMs() < this.#nextMs - SLACK_MS) return;
    this.#nextMs = this.#nowMs() + LINE_EVERY_MS;
    process.stdout.write(`${this.#line()}\n`);
  }

  close(): void {}
}

/** `2027-08-04 09:15:00  1.39 MW of 2.00 MW  PUE 1.100  …` */
export function logLine(factory: LiveFactory): string {
  const { row, site, atMs } = factory.simulation;
  return [
    localTime(atMs, site.utcOffsetMin),
    `${known(row[SERIES.sitePowerW], formatPower)} of ${formatPower(row[SERIES.envelopeW])}`,
    `PUE ${fixed(row[SERIES.pue], 3, "")}`,
    `${count(row[SERIES.tokensPerS])} tokens/s`,
    `${count(tokensPerSPerMW(row))}/s/MW`,
    `${fixed(row[SERIES.joulesPerToken], 2, "")} J/token`,
    `TTFT p99 ${latency(row[SERIES.ttftP99S])}`,
    `${grouped(row[SERIES.runningJobs])} jobs, ${grouped(row[SERIES.waitingJobs])} waiting`,
  ].join("  ");
}
