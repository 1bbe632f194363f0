import { setTimeout as sleep } from "node:timers/promises";
import { formatDuration, formatPower } from "@pulmu/units";
import type { GridEvent } from "../../steer/grid-event.ts";
import type { StopSignal } from "../../stop-signal.ts";
import { createStyle, wantsColour } from "../../terminal/style.ts";
import { eventView, type EventCurve } from "./event-view.ts";
import type { FactoryApi } from "./factory-api.ts";

/** How an event is asked for again, and how many points its curve may have. */
const EVERY_MS = 1_000;
const POINTS = 240;
const WIDTH = 100;

export interface FollowOptions {
  readonly json: boolean;
  readonly stop: StopSignal;
}

type Answer = GridEvent & { readonly curve: EventCurve | null };

/**
 * Shows an event until it is over: on a terminal in place, elsewhere what changes, line by line, and all of it at the end.
 * @returns the event when it was seen last; undefined where the factory has none of this name
 * @throws PulmuError `grid.factory`
 */
export async function followEvent(api: FactoryApi, name: string, { json, stop }: FollowOptions): Promise<GridEvent | undefined> {
  const show = json ? showJson() : process.stdout.isTTY ? showInPlace(api.utcOffsetMin) : showLines(api.utcOffsetMin);
  for (;;) {
    const event = await api.get<Answer>(`/api/grid/events/${encodeURI(name)}?points=${POINTS}`);
    if (event === undefined) return undefined;
    const isLast = event.state === "over" || stop.requested;
    show(event, isLast);
    if (isLast) return event;
    await Promise.race([sleep(EVERY_MS), stop.wait]);
  }
}

/** An event as it is now. */
export function printEvent(event: GridEvent, curve: EventCurve | null, utcOffsetMin: number): void {
  process.stdout.write(`${pageOf(event, curve, utcOffsetMin).join("\n")}\n`);
}

function pageOf(event: GridEvent, curve: EventCurve | null, utcOffsetMin: number): readonly string[] {
  const width = Math.min(process.stdout.columns ?? WIDTH, 120);
  return eventView(event, curve, { width, style: createStyle(wantsColour(process.stdout, process.env)), utcOffsetMin }).map((line) =>
    line.trimEnd(),
  );
}

type Show = (event: Answer, isLast: boolean) => void;

function showInPlace(utcOffsetMin: number): Show {
  let drawn = 0;
  return (event) => {
    const lines = pageOf(event, event.curve, utcOffsetMin).slice(0, (process.stdout.rows ?? 50) - 1);
    const back = drawn === 0 ? "" : `\x1b[${drawn}A\x1b[J`;
    process.stdout.write(`${back}${lines.join("\n")}\n`);
    drawn = lines.length;
  };
}

function showLines(utcOffsetMin: number): Show {
  let said = "";
  return (event, isLast) => {
    const { state, drawnW, limitW, nowMs, fromMs } = event;
    if (state !== said && state !== "over")
      process.stdout.write(
        `+${formatDuration(Math.max(0, (nowMs - fromMs) / 1000))}  ${state}: draws ${drawnW === null ? "?" : formatPower(drawnW)} of ${formatPower(limitW)}\n`,
      );
    said = state;
    if (isLast) printEvent(event, event.curve, utcOffsetMin);
  };
}

function showJson(): Show {
  return (event) => void process.stdout.write(`${JSON.stringify({ ...event, curve: undefined })}\n`);
}
