import type { ValueCurve } from "../allocation/problem.ts";
import { SPARE_WORTH, type RackCurve } from "./rack-curve.ts";
import type { LimitRange } from "./rack-limit.ts";
import type { ServiceClass } from "./work.ts";

/**
 * What an allocation is to be best at.
 * - `value`: most work done, weighted by class and tenant (the default)
 * - `fair`: every rack as many watts above its lowest limit as any other, up to its need
 * - `proportional`: every rack the same share of what it needs above its lowest limit
 * - `priority`: a class gets all it needs before the next gets anything
 */
export const OBJECTIVES = ["value", "fair", "proportional", "priority"] as const;
export type Objective = (typeof OBJECTIVES)[number];

/** Worth of a GPU at full speed by class, when value counts. What is critical comes before all else under every objective. */
const CLASS_VALUE: Readonly<Record<ServiceClass, number>> = { critical: 1e6, standard: 3, flexible: 1 };
const CLASS_PRIORITY: Readonly<Record<ServiceClass, number>> = { critical: 1e6, standard: 1e3, flexible: 1 };
/** Watts that everybody is raised by before anybody is raised by more. */
const FAIR_STEP_W = 1000;

/** Worth of one of a work's GPUs at full speed. */
export function classValue(serviceClass: ServiceClass): number {
  return CLASS_VALUE[serviceClass];
}

/** The curve that makes an allocation best at an objective, for a rack whose most important work has this class. */
export function objectiveCurve(objective: Objective, rack: RackCurve, { minW, maxW }: LimitRange, serviceClass: ServiceClass): ValueCurve {
  if (objective === "value") return rack.curve;
  const first = serviceClass === "critical" ? CLASS_PRIORITY.critical : 1;
  const needW = rack.needW - minW;
  const spareW = maxW - rack.needW;
  const steps: [widthW: number, slope: number][] = [];
  if (objective === "fair") {
    // Worth falls with the watts a rack has already, whoever it is.
    for (let atW = 0; atW < needW; atW += FAIR_STEP_W) steps.push([Math.min(FAIR_STEP_W, needW - atW), first / (1 + atW / FAIR_STEP_W)]);
  } else if (needW > 0) {
    steps.push([needW, objective === "proportional" ? first : CLASS_PRIORITY[serviceClass]]);
  }
  if (spareW >= 1) steps.push([spareW, SPARE_WORTH]);
  return { stepW: Float64Array.from(steps, ([widthW]) => widthW), slope: Float64Array.from(steps, ([, slope]) => slope) };
}
