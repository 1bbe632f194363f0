import type { OpenAdrEvent } from "./openadr.ts";
import type { DemandEvent } from "./schedule.ts";
import type { EventReport } from "./ven.ts";

/** How the factory stands when a report is made. */
export interface DemandReading {
  readonly atMs: number;
  /** What it draws, W; undefined while nobody has told us. */
  readonly demandW: number | undefined;
  /** It was given the limits of this event, and an agent has confirmed them. */
  readonly confirmed: boolean;
}

/**
 * What of the reports that an event asks for can be given now; undefined for nothing. Payload types that are not known here are left out:
 * a report with other words than were asked for helps nobody.
 */
export function reportOf(
  event: OpenAdrEvent,
  { intervals }: DemandEvent,
  { atMs, demandW, confirmed }: DemandReading,
): EventReport | undefined {
  const isActive = intervals.some(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
  const payloads = (event.reportDescriptors ?? []).flatMap(({ payloadType: type }): EventReport["payloads"] => {
    if (type === "POWER_LIMIT_ACKNOWLEDGEMENT") return [{ type, value: confirmed }];
    if (type === "OPERATING_STATE") return [{ type, value: isActive && confirmed ? "RUNNING_CURTAILED" : "RUNNING_NORMAL" }];
    if ((type === "DEMAND" || type === "READING") && demandW !== undefined)
      return [{ type, value: Math.round(demandW) / 1e3, units: "KW" }];
    return [];
  });
  return payloads.length === 0 ? undefined : { event, atMs, payloads };
}
