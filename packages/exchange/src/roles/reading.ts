/** Why a reading may not be believed; `good` when it may. Nothing acts on one that is not good. */
export type ReadingState =
  | "good"
  /** Nothing came yet. */
  | "missing"
  /** The BMS itself says so: another quality than 1, or no value. */
  | "bad"
  /** Not published again in time, or the BMS has fallen silent. */
  | "stale"
  /** Below zero where nothing can be, or beyond what exists. */
  | "implausible";

/** A judged reading. */
export interface JudgedReading {
  readonly state: ReadingState;
  /** In SI (W, °C, m³/s …); NaN when nothing came, or null did. Also told when it may not be believed. */
  readonly value: number;
  /** The plant's clock when it was taken, epoch milliseconds. */
  readonly atMs: number;
}
