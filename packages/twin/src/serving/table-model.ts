import { curvePowerW, curveSpeed, type Accelerator } from "@pulmu/catalog";
import type { StepModel } from "../steptime/step-model.ts";
import type { LatencyPoint, LatencyTable } from "./latency-table.ts";

export interface TableModelOptions {
  /** Gives idle power, speed and power at lower clocks, and power at full clock where the table has none. */
  readonly accelerator: Accelerator;
  readonly kvCapacityTokens: number;
  readonly kvBytesPerToken: number;
  readonly maxBatchTokens: number;
  /** Time of a step with prefill and decode over that of a prefill of as many tokens. Default 1.1, as in splitwise-sim. */
  readonly mixedFactor?: number;
}

/**
 * Step times from a measured table: linear between the points, and beyond the last two by the same line. A step with both kinds of
 * work takes as long as a prefill of all its tokens, times `mixedFactor`. Where contexts are told apart, decode is interpolated in
 * the context first for each batch size, then between sizes.
 */
export function tableStepModel(table: LatencyTable, options: TableModelOptions): StepModel {
  const { accelerator, kvCapacityTokens, kvBytesPerToken, maxBatchTokens, mixedFactor = 1.1 } = options;
  const { gpus } = table;
  const { prefill, decode } = accelerator.curves;
  const prefillS = line(table.prefill, ({ stepS }) => stepS);
  const decodeS = surface(table.decode, ({ stepS }) => stepS);
  const prefillW = line(table.prefill, ({ gpuPowerW }) => gpuPowerW ?? prefill.activeW);
  const decodeW = surface(table.decode, ({ gpuPowerW }) => gpuPowerW ?? decode.activeW);
  return {
    id: table.id,
    gpus,
    kvCapacityTokens,
    maxBatchTokens,
    idleW: accelerator.idleW,
    stepS(prefillTokens, _prefillContext, sequences, contextTokens, clock) {
      if (prefillTokens === 0) return decodeS(sequences, contextTokens) / curveSpeed(decode, clock);
      const tokens = prefillTokens + sequences;
      return (prefillS(tokens) * (sequences > 0 ? mixedFactor : 1)) / curveSpeed(prefill, clock);
    },
    gpuPowerW(prefillTokens, _prefillContext, sequences, contextTokens, clock) {
      if (prefillTokens === 0) return (decodeW(sequences, contextTokens) * curvePowerW(decode, clock)) / decode.activeW;
      return (prefillW(prefillTokens + sequences) * curvePowerW(prefill, clock)) / prefill.activeW;
    },
    kvTransferS: (tokens) => (tokens * kvBytesPerToken) / (accelerator.scaleOutBytesPerS * gpus),
  };
}

type Measure = (point: LatencyPoint) => number;

/** Measure as a function of size, through points in order of size. */
function line(points: readonly LatencyPoint[], measure: Measure): (size: number) => number {
  const x = Float64Array.from(points, ({ size }) => size);
  const y = Float64Array.from(points, measure);
  return (size) => interpolate(x, y, size);
}

/** Measure as a function of sequences and of their contexts' sum, through points in order of size, then context. */
function surface(points: readonly LatencyPoint[], measure: Measure): (sequences: number, contextTokens: number) => number {
  if (points.every(({ context }) => context === undefined)) return line(points, measure);
  const rows = [...Map.groupBy(points, ({ size }) => size)].map(([size, row]) => ({
    size,
    x: Float64Array.from(row, ({ context }) => context ?? 0),
    y: Float64Array.from(row, measure),
  }));
  const x = Float64Array.from(rows, ({ size }) => size);
  return (sequences, contextTokens) => {
    const right = rightOf(x, sequences);
    const context = contextTokens / sequences;
    const low = rows[right - 1];
    const high = rows[right];
    return between(x, right, interpolate(low.x, low.y, context), interpolate(high.x, high.y, context), sequences);
  };
}

function interpolate(x: Float64Array, y: Float64Array, at: number): number {
  if (x.length === 1) return y[0];
  const right = rightOf(x, at);
  return between(x, right, y[right - 1], y[right], at);
}

/** Index of the right end of the interval that `at` is in, or of the nearest interval. */
function rightOf(x: Float64Array, at: number): number {
  let right = 1;
  while (right < x.length - 1 && at > x[right]) right++;
  return right;
}

function between(x: Float64Array, right: number, yLeft: number, yRight: number, at: number): number {
  const slope = (yRight - yLeft) / (x[right] - x[right - 1]);
  return slope * (at - x[right - 1]) + yLeft;
}
