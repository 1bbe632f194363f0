import type { Accelerator, RackType } from "@pulmu/catalog";
import type { ValueCurve } from "../allocation/problem.ts";
import { concaveCurve } from "../allocation/value-curve.ts";
import { rackLimitW, type LimitRange } from "./rack-limit.ts";
import { capOfShare, fullSpeedCapW, mixSpeed, shareOfCap, type WorkMix } from "./work-mix.ts";

/** Caps between the lowest and the highest at which speed is looked up: the curve is straight between them. */
const POINTS = 16;
/** Worth of a watt that nobody needs now: it is given last, so that caps are loose where the envelope allows. */
export const SPARE_WORTH = 1e-12;

/** Worth of speed that keeps a promise, over that of speed that is only work done: what was promised gives way after what was not. */
const PROMISE_WORTH = 100;
/** Worth of speed beyond what a promise needs, as share of work done: it shortens waits that are short enough. */
const SLACK_WORTH = 0.01;

/** Work on some GPUs of a rack. */
export interface RackWork {
  readonly mix: WorkMix;
  readonly gpus: number;
  /** Worth of one GPU at full speed. */
  readonly weight: number;
  /** Power that keeps what it promised, see `Work.need`; left out: it has promised nothing, and all speed is worth the same. */
  readonly need?: number | undefined;
}

/** What limits of a rack are worth, from its lowest to its highest. */
export interface RackCurve {
  readonly curve: ValueCurve;
  /** Points under the hull, that were dropped to make it concave. */
  readonly dropped: number;
  /** The lowest limit under which none of its work is slowed, W; its lowest limit when it has none. */
  readonly needW: number;
}

/**
 * Value of a rack's limit: GPUs at work × speed at their mix, as far as it is needed, × weight. A sum of speeds that are concave in
 * power, repaired to its hull where firmware makes a hump (a cap below the power of the lowest clock).
 */
export function rackCurve(type: RackType, accelerator: Accelerator, range: LimitRange, work: readonly RackWork[]): RackCurve {
  const lowW = accelerator.minCapW;
  const highW = Math.min(range.maxCapW, Math.max(lowW, ...work.map(({ mix }) => fullSpeedCapW(accelerator, mix))));
  const even = Array.from({ length: POINTS + 1 }, (_, i) => lowW + ((highW - lowW) * i) / POINTS);
  const neededW = work.map(({ mix, need }) => (need === undefined ? undefined : Math.min(highW, capOfShare(accelerator, mix, need))));
  const bends = neededW.filter((capW) => capW !== undefined);
  const caps = [...new Set(highW > lowW ? [...even, ...bends] : [lowW])].toSorted((a, b) => a - b);
  const limits = caps.map((capW) => rackLimitW(type, capW));
  const values = caps.map((capW) =>
    work.reduce((sum, { gpus, weight, mix }, i) => sum + gpus * weight * worthOf(accelerator, mix, capW, neededW[i]), 0),
  );
  const { curve, dropped } = concaveCurve(limits, values);
  const needW = limits[limits.length - 1];
  return { curve: withSpare(curve, range), dropped, needW: Math.min(needW, range.maxW) };
}

function worthOf(accelerator: Accelerator, mix: WorkMix, capW: number, neededW: number | undefined): number {
  const speed = mixSpeed(accelerator, mix, capW);
  if (neededW === undefined) return speed;
  const needed = shareOfCap(accelerator, mix, neededW);
  const given = Math.min(needed, shareOfCap(accelerator, mix, capW));
  // The first watt towards a promise is worth three times the last, so that what is short is shared by all who are promised.
  const kept = needed === 0 ? 0 : given * (1.5 - (0.5 * given) / needed);
  return kept * PROMISE_WORTH + Math.max(0, speed - mixSpeed(accelerator, mix, neededW)) * SLACK_WORTH;
}

function withSpare({ stepW, slope }: ValueCurve, { minW, maxW }: LimitRange): ValueCurve {
  const spareW = maxW - minW - stepW.reduce((sum, widthW) => sum + widthW, 0);
  if (spareW < 1) return { stepW, slope };
  return { stepW: Float64Array.from([...stepW, spareW]), slope: Float64Array.from([...slope, SPARE_WORTH]) };
}
