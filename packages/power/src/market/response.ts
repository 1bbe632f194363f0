import type { MeterSeries } from "./meter-series.ts";

/** Revenue meters are exact to this share of a reading (class 0.2 S of IEC 62053-22): less than that above a target is not shown by them. */
const METER_ACCURACY = 0.002;
/** A feed has complied when it stays within its target from then on for this long, s. */
const HOLD_S = 10;

/** What was asked, as it is judged: a limit on a feed from a moment to a moment, known of since `setMs`, to be met by `deadlineMs`. */
export interface AskedLimit {
  readonly id: string;
  readonly feedTag: string | undefined;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly setMs: number;
  readonly deadlineMs: number;
  readonly limitW: number;
}

/** What a meter saw of a response. Energies in J, over the event's whole intervals. */
export interface Response {
  readonly baselineEnergyJ: number;
  /** What was drawn; intervals without a reading count as the baseline: nothing is claimed for them. */
  readonly meteredEnergyJ: number;
  /** Baseline less metered; below zero when more was drawn. */
  readonly reducedEnergyJ: number;
  /** Baseline above the limit: what the target asked to be reduced. */
  readonly askedEnergyJ: number;
  /** Reduced over asked; 1 when nothing was asked. */
  readonly targetShare: number;
  /** From when the target held and was known until the feed was within it, and stayed, s; NaN if it never was. */
  readonly timeToComplyS: number;
  /** After the deadline: how long above the target, by how much energy, and by what share of the limit at most. */
  readonly overS: number;
  readonly overEnergyJ: number;
  readonly worstOverShare: number;
  /** After the deadline: how long nobody can tell. */
  readonly unmeteredS: number;
  /** Within the target from the deadline to the end, with readings that show it. */
  readonly met: boolean;
}

/** Judges a response by the site's own meter. Both series have the same intervals. */
export function measureResponse(metered: MeterSeries, baseline: MeterSeries, asked: AskedLimit): Response {
  const { fromMs, untilMs, setMs, deadlineMs, limitW } = asked;
  const intervalS = metered.intervalMs / 1000;
  const heldFromMs = Math.max(fromMs, setMs);
  const sum = { baseline: 0, metered: 0, asked: 0, over: 0 };
  let overS = 0;
  let unmeteredS = 0;
  let worstW = 0;
  let withinSinceMs = NaN;
  let compliedMs = NaN;
  for (let i = 0; i < baseline.powerW.length; i++) {
    const atMs = baseline.startMs + i * baseline.intervalMs;
    const powerW = metered.powerW[Math.round((atMs - metered.startMs) / metered.intervalMs)] ?? NaN;
    const baseW = baseline.powerW[i];
    sum.baseline += baseW;
    sum.metered += Number.isNaN(powerW) ? baseW : powerW;
    sum.asked += Math.max(0, baseW - limitW);
    if (atMs < heldFromMs || atMs >= untilMs) continue;
    const within = powerW <= limitW * (1 + METER_ACCURACY); // false without a reading
    if (!within) withinSinceMs = NaN;
    else if (Number.isNaN(withinSinceMs)) withinSinceMs = atMs;
    const held = atMs + metered.intervalMs - withinSinceMs >= HOLD_S * 1000;
    if (Number.isNaN(compliedMs) && held) compliedMs = withinSinceMs;
    if (atMs < deadlineMs || within) continue;
    if (Number.isNaN(powerW)) unmeteredS += intervalS;
    else {
      overS += intervalS;
      sum.over += powerW - limitW;
      worstW = Math.max(worstW, powerW - limitW);
    }
  }
  const reducedJ = (sum.baseline - sum.metered) * intervalS;
  const askedJ = sum.asked * intervalS;
  return {
    baselineEnergyJ: sum.baseline * intervalS,
    meteredEnergyJ: sum.metered * intervalS,
    reducedEnergyJ: reducedJ,
    askedEnergyJ: askedJ,
    targetShare: askedJ === 0 ? 1 : reducedJ / askedJ,
    timeToComplyS: (compliedMs - heldFromMs) / 1000,
    overS,
    overEnergyJ: sum.over * intervalS,
    worstOverShare: worstW / limitW,
    unmeteredS,
    met: overS === 0 && unmeteredS === 0,
  };
}
