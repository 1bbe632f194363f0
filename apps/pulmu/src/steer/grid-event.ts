import type { CostSum, EventPrice, Response, Settlement, WorkCost } from "@pulmu/power";

/** How far a load target has come. */
export type GridEventState = "ahead" | "coming-down" | "held" | "over";

/** What caps did for a target: how many were lowered, and whose. Powers are what racks may draw, W. */
export interface CapsGiven {
  readonly writes: number;
  readonly racks: number;
  readonly fromW: number;
  readonly toW: number;
  /** Works that gave most, first. */
  readonly works: readonly WorkGiven[];
}

export interface WorkGiven {
  readonly id: string;
  readonly tenant: string;
  readonly serviceClass: string;
  readonly fromW: number;
  readonly toW: number;
}

/** A breach as it was told to the grid last. */
export interface BreachTold {
  readonly atMs: number;
  readonly breachId: string;
  readonly feed: string;
  readonly status: string;
  readonly severity: string;
  readonly loadW: number;
}

export interface CostState {
  readonly tokensLost: number;
  readonly lostKrw: number;
  readonly worksSlowed: number;
  readonly byTenant: Readonly<Record<string, CostSum>>;
  readonly byClass: Readonly<Record<string, CostSum>>;
  /** Those that lost most, first. */
  readonly works: readonly WorkCost[];
}

/** A load target from the grid's message to the settlement. Powers in W, times in epoch ms; null = not known, or not yet. */
export interface GridEvent {
  readonly id: string;
  readonly correlationId: string;
  /** Names the whole chain in the journal, 32 hex digits. */
  readonly trace: string;
  readonly from: string;
  /** null: all feeds together. */
  readonly feed: string | null;
  readonly limitW: number;
  readonly strategy: string;
  readonly takenMs: number;
  readonly fromMs: number;
  /** null: until another replaces it. */
  readonly untilMs: number | null;
  readonly deadlineMs: number | null;
  readonly state: GridEventState;
  /** The plant's clock. */
  readonly nowMs: number;
  /** Drawn before it, and now. */
  readonly baselineW: number | null;
  readonly drawnW: number | null;
  /** What holds this second on the way to the target. */
  readonly allowedW: number | null;
  readonly caps: CapsGiven | null;
  readonly breaches: readonly BreachTold[];
  readonly response: Response | null;
  readonly cost: CostState | null;
  /** As it would be now, until it is over. */
  readonly settlement: Settlement | null;
}

/** Works named in an answer or a line of the journal. */
export const WORKS_NAMED = 20;

export function costState({ tokensLost, lostKrw, worksSlowed, byTenant, byClass, works }: EventPrice): CostState {
  return {
    tokensLost,
    lostKrw,
    worksSlowed,
    byTenant: Object.fromEntries(byTenant),
    byClass: Object.fromEntries(byClass),
    works: works.slice(0, WORKS_NAMED),
  };
}
