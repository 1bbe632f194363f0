import type { ServingFit } from "./types.ts";

/** Power of decoding with this many sequences per GPU over its value at a full batch (`curves.decode`), 0…1. */
export function decodePowerShare(serving: ServingFit, sequencesPerGpu: number): number {
  const { decodePowerFloor, decodePowerHalfBatch } = serving;
  return decodePowerFloor + (1 - decodePowerFloor) * (sequencesPerGpu / (sequencesPerGpu + decodePowerHalfBatch));
}
