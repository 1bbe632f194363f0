import type { FlexData } from "../contracts/flex.ts";

export type ShedHint = NonNullable<FlexData["grid.powerbreach.alert.v1"]["shed_hints"]>[number];

/** A rack that could be capped. */
export interface Sheddable {
  readonly id: string;
  readonly powerW: number;
}

const MAX_HINTS = 20;
/** No rack is asked to give more than this share of what it draws: below, its work stops rather than slows. A guess. */
const MAX_CUT_SHARE = 0.3;

/** Which racks to cap, and at what, to draw `excessW` less: the largest first. What work runs on them is for others to weigh. */
export function shedHints(racks: readonly Sheddable[], excessW: number): readonly ShedHint[] {
  const hints: ShedHint[] = [];
  let leftW = excessW;
  for (const { id, powerW } of racks.toSorted((a, b) => b.powerW - a.powerW || (a.id < b.id ? -1 : 1))) {
    if (leftW <= 0 || hints.length === MAX_HINTS) break;
    const cutW = Math.min(leftW, powerW * MAX_CUT_SHARE);
    leftW -= cutW;
    const target_power = { value: Math.round(powerW - cutW), unit: "watt" as const };
    hints.push({ resource_id: id, resource_type: "chassis", action: "power_cap", priority: hints.length + 1, target_power });
  }
  return hints;
}
