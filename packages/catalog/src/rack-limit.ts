import { lossW } from "./loss-curve.ts";
import type { RackType } from "./types.ts";

/**
 * Most that a rack can draw while each of its GPUs keeps to a cap, W at its input: trays and switches flat out, power shelf loss
 * included. This is what a cap is worth when caps are added up: not what the rack draws now, but what it could.
 */
export function rackLimitW(type: RackType, gpuCapW: number): number {
  const dcW = type.trays * (type.gpusPerTray * gpuCapW + type.trayBusyW) + type.rackOverheadW;
  return dcW + lossW(type.psuLoss, type.psuRatingW, dcW);
}
