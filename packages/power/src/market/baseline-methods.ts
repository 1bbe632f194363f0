/**
 * Ways to say what a site would have drawn without an event, as markets settle by them. The words are those of Goldberg and Agnew,
 * "Measurement and Verification for Demand Response" (LBNL, 2013), which follows NAESB's business practice standards.
 */
export type BaselineMethod = DayAverage | SameDay | MatchDays;

interface Common {
  readonly id: string;
  readonly name: string;
  /** Where the rule is stated. */
  readonly source: string;
}

/** High X of Y and its kin: the mean of like days before, interval by interval. */
export interface DayAverage extends Common {
  readonly kind: "day-average";
  /** Days looked at, and how many of them with most and least energy in the event's hours are left out. */
  readonly ofDays: number;
  readonly dropHighest: number;
  readonly dropLowest: number;
  /** Days below this share of the mean of twice as many days do not count at all; 0 = all do. */
  readonly minShare: number;
  readonly adjustment: SameDayAdjustment | undefined;
}

/** Moves a baseline to how the day of the event really began. */
export interface SameDayAdjustment {
  /** The hours compared: from this long before the event's start until that long before it. */
  readonly fromBeforeS: number;
  readonly untilBeforeS: number;
  /** `ratio` scales the baseline, `additive` shifts it. Both work up and down alike. */
  readonly by: "ratio" | "additive";
  /** Most that the baseline is changed by, as share of it. */
  readonly capShare: number;
}

/** One flat level from hours of the same day around the event; with no hours after it, "meter before, meter after". */
export interface SameDay extends Common {
  readonly kind: "same-day";
  readonly beforeS: number;
  readonly beforeGapS: number;
  readonly afterS: number;
  readonly afterGapS: number;
}

/** The days whose other hours look most like those of the event's day. */
export interface MatchDays extends Common {
  readonly kind: "match-days";
  readonly days: number;
  /** How far back they may lie. */
  readonly lookBackDays: number;
  /** Hours left out on either side of the event. */
  readonly gapS: number;
}

const HOUR_S = 3600;
const KPX = "https://m.electimes.com/article.php?aid=1551921088174811109 (2019-03-07)";
const KPX_LOW_DAYS = "https://electimes.com/article.asp?aid=1552542001175283109 (2019-03-14)";
const PJM = "https://rtowww.com/23098-improved-dr-baseline-processes-okd (2025-02-25), on PJM Manual 11";

export const BASELINE_METHODS = [
  {
    kind: "day-average",
    id: "kpx-max-4-of-5",
    name: "KPX CBL Max(4/5): five last weekdays, the lowest left out",
    source: `${KPX}; days under 75 %: ${KPX_LOW_DAYS}`,
    ofDays: 5,
    dropHighest: 0,
    dropLowest: 1,
    minShare: 0.75,
    adjustment: undefined,
  },
  {
    kind: "day-average",
    id: "kpx-mid-6-of-10",
    name: "KPX CBL Mid(6/10): ten last weekdays, two highest and two lowest left out",
    source: `${KPX}; days under 75 %: ${KPX_LOW_DAYS}`,
    ofDays: 10,
    dropHighest: 2,
    dropLowest: 2,
    minShare: 0.75,
    adjustment: undefined,
  },
  {
    kind: "day-average",
    id: "ten-day-adjusted",
    name: "MISO ten-day baseline, adjusted by the three hours before within 20 %",
    source: 'Flexibility contract of Consumers Energy, clause "Delivered Capacity", https://lawinsider.com/clause/delivered-capacity',
    ofDays: 10,
    dropHighest: 0,
    dropLowest: 0,
    minShare: 0,
    adjustment: { fromBeforeS: 3 * HOUR_S, untilBeforeS: 0, by: "ratio", capShare: 0.2 },
  },
  {
    kind: "same-day",
    id: "pjm-same-day-3-2",
    name: "PJM same day (3+2): three hours before and two after, an hour apart from the event",
    source: PJM,
    beforeS: 3 * HOUR_S,
    beforeGapS: HOUR_S,
    afterS: 2 * HOUR_S,
    afterGapS: HOUR_S,
  },
  {
    kind: "match-days",
    id: "pjm-match-day-3",
    name: "PJM match day: the three days most alike outside the event's hours",
    source: `${PJM}; the look-back of 45 days is our choice`,
    days: 3,
    lookBackDays: 45,
    gapS: HOUR_S,
  },
  {
    kind: "same-day",
    id: "meter-before",
    name: "NAESB meter before, meter after: the five minutes before the event",
    source: "NAESB WEQ-015 as summarised by Goldberg and Agnew (LBNL, 2013); the five minutes are our choice",
    beforeS: 300,
    beforeGapS: 0,
    afterS: 0,
    afterGapS: 0,
  },
] as const satisfies readonly BaselineMethod[];

export type BaselineId = (typeof BASELINE_METHODS)[number]["id"];
