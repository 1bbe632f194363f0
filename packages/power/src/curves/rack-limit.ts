import { rackLimitW, type Accelerator, type RackType } from "@pulmu/catalog";

export { rackLimitW };

/**
 * The highest cap per GPU that keeps a rack at or below a limit, in whole watts (what a BMC takes), between the lowest cap of the
 * device and its rated power. At the rated power the cap does nothing.
 */
export function gpuCapFor(type: RackType, accelerator: Accelerator, limitW: number): number {
  const { noLoad, linear, quadratic } = type.psuLoss;
  // input = psuRating · noLoad + dc · (1 + linear) + dc² · quadratic / psuRating, solved for dc
  const aboveW = limitW - type.psuRatingW * noLoad;
  const slope = 1 + linear;
  const curve = quadratic / type.psuRatingW;
  const dcW = aboveW <= 0 ? 0 : (2 * aboveW) / (slope + Math.sqrt(slope * slope + 4 * curve * aboveW));
  const gpuW = (dcW - type.rackOverheadW - type.trays * type.trayBusyW) / (type.trays * type.gpusPerTray);
  let capW = Math.min(accelerator.tdpW, Math.max(accelerator.minCapW, Math.floor(gpuW + 1e-9)));
  // Rounding may have put it a hair above.
  while (capW > accelerator.minCapW && rackLimitW(type, capW) > limitW) capW--;
  return capW;
}

/** What the limits of a rack can be, W at its input: at the lowest cap, and at the highest that its provisioned power allows. */
export interface LimitRange {
  readonly minW: number;
  readonly maxW: number;
  readonly maxCapW: number;
}

export function limitRange(type: RackType, accelerator: Accelerator, provisionedW: number): LimitRange {
  const maxCapW = gpuCapFor(type, accelerator, provisionedW);
  return { minW: rackLimitW(type, accelerator.minCapW), maxW: rackLimitW(type, maxCapW), maxCapW };
}
