import { deviceError } from "../problems.ts";
import { numberAt, textAt, type BmcTalk } from "./dialect.ts";
import type { Json } from "./session.ts";

/** A reading above this multiple of the highest limit is none: GPUs overshoot a limit for milliseconds, and not by this. */
const PLAUSIBLE_SHARE = 1.5;

/**
 * Resources of the GPUs behind a BMC, in order of their numbers. They are looked up, not composed: one model counts from GPU_0,
 * another from GPU_SXM_1.
 * @throws PulmuError `actuator.wrong-model` when there are others than the profile says
 */
export async function findGpus({ id, session, profile }: BmcTalk, signal: AbortSignal): Promise<readonly string[]> {
  const { Members } = await session.get(profile.processorsPath, signal);
  const paths = (Array.isArray(Members) ? Members : []).map((member: Json) => textAt(member, "@odata.id") ?? "");
  const gpus = paths.filter((path) => /\/GPU_[^/]*$/.test(path)).toSorted((a, b) => gpuNumber(a) - gpuNumber(b));
  if (gpus.length !== profile.gpus) {
    const rule = `has ${gpus.length} GPUs, not the ${profile.gpus} of ${profile.name}`;
    throw deviceError(id, "wrong-model", rule, { path: profile.processorsPath, hint: "give it the profile of its model" });
  }
  return gpus;
}

function gpuNumber(path: string): number {
  return Number(/(\d+)$/.exec(path)?.[1] ?? 0);
}

/** Power of a GPU by its EnvironmentMetrics, W; undefined when it is absent or no such thing. */
export function readingW(metrics: Json, maxW: number): number | undefined {
  const powerW = numberAt(metrics, "PowerWatts", "Reading");
  return powerW !== undefined && powerW >= 0 && powerW <= PLAUSIBLE_SHARE * maxW ? powerW : undefined;
}

/** Mean of the readings, undefined as soon as one is missing: half the truth would pass for all of it. */
export function meanReading(readings: readonly (number | undefined)[]): number | undefined {
  let sumW = 0;
  for (const powerW of readings) {
    if (powerW === undefined) return undefined;
    sumW += powerW;
  }
  return sumW / readings.length;
}

/** For notes: `GPU_3`. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
