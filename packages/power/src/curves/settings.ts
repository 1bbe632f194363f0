import { clockForCap, type Accelerator } from "@pulmu/catalog";
import { speedUnder, WORK_KINDS, type WorkMix } from "./work-mix.ts";

/** Speed that a clock limit may cost any kind of work, beside the cap alone. */
const CLOCK_COST = 0.01;

/** What a device is told: the two actuators together. */
export interface Settings {
  /** Power limit of one GPU, whole W. */
  readonly gpuCapW: number;
  /** SM clock limit over the maximum, in hundredths, 0…1; 1 = none. */
  readonly clockLimit: number;
}

/**
 * How to hold a rack's GPUs to a power. The cap is always set: it is what can be added up. A decoding GPU with a small batch draws
 * less than its cap at full clock and the cap never acts (H200 decodes at 137 to 300 W of 700 W, arXiv 2605.11999); there the clock
 * limit does the work: the clock that a full batch would have under this cap, if no other kind of work in the mix loses by it what
 * can be noticed. That is each by itself, however small its share: a first token waits for its prompt, and prompts want clock.
 */
export function settingsFor(accelerator: Accelerator, mix: WorkMix, gpuCapW: number): Settings {
  if ((mix.decode ?? 0) === 0) return { gpuCapW, clockLimit: 1 };
  const clockLimit = Math.ceil(clockForCap(accelerator.curves.decode, gpuCapW) * 100) / 100;
  const bears = WORK_KINDS.every((kind) => {
    if ((mix[kind] ?? 0) === 0) return true;
    return speedUnder(accelerator, kind, gpuCapW, clockLimit) >= speedUnder(accelerator, kind, gpuCapW, 1) * (1 - CLOCK_COST);
  });
  return { gpuCapW, clockLimit: bears ? clockLimit : 1 };
}
