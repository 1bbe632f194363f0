/**
 * Events of OpenADR 3 (3.0.1 and 3.1.1) as limits of power. Source: OpenADR 3 specification, openadr3.yaml and its enumerations of payloads
 * (copyright OpenADR Alliance, Apache-2.0 copies at github.com/grid-coordination/openadr3-specification); `CONSUMPTION_POWER_LIMIT` is that of
 * deployments such as https://developer.switchmarket.se/openadr-3/payloads, the specification's own word is `IMPORT_CAPACITY_LIMIT`.
 */
import type { Problem } from "@pulmu/units";
import type { Parsed } from "../contracts/json.ts";
import { accept, integer, list, nullable, object, text, type Shape, type TypeOf } from "../contracts/shape.ts";
import { parseDateTime } from "../contracts/formats.ts";
import { parseIsoDuration } from "./iso-duration.ts";
import type { DemandEvent, DemandInterval } from "./schedule.ts";

/** What an event that names no power means here. */
export interface SignalRules {
  /** Limits for SIMPLE levels 1 to 3 (moderate, high, emergency), W; left out: such a level is passed over, and told. Level 0 limits nothing. */
  readonly simpleW?: readonly [moderate: number, high: number, emergency: number];
  /** From this price on (in the event's own currency and unit) the limit holds. */
  readonly price?: { readonly from: number; readonly limitW: number };
}

const anything: Shape<unknown> = () => {};
const intervalPeriod = object({ start: text }, { duration: nullable(text), randomizeStart: nullable(text) });
const valuesMap = object({ type: text, values: list(anything) });
const openAdrEvent = object(
  {
    id: text,
    programID: text,
    intervals: list(object({ id: integer(), payloads: list(valuesMap) }, { intervalPeriod: nullable(intervalPeriod) })),
  },
  {
    eventName: nullable(text),
    priority: nullable(integer(0)),
    intervalPeriod: nullable(intervalPeriod),
    payloadDescriptors: nullable(list(object({ payloadType: text }, { units: nullable(text) }))),
    reportDescriptors: nullable(list(object({ payloadType: text }))),
  },
);
/** An event as a VTN gives it; other fields may stand beside these. */
export type OpenAdrEvent = TypeOf<typeof openAdrEvent>;

const W_PER_UNIT: Readonly<Record<string, number>> = { W: 1, KW: 1e3, MW: 1e6 };
const LIMIT_TYPES = ["CONSUMPTION_POWER_LIMIT", "IMPORT_CAPACITY_LIMIT"];
/** Payload types that say nothing of a limit, beside one that does. */
const COMPANIONS = /^POWER_LIMIT_|^GHG$|^ALERT_|PRICE_/;
const MAX_INTERVALS = 10_000;

/** Reads one event of a VTN's answer. */
export function acceptOpenAdrEvent(json: unknown): Parsed<OpenAdrEvent> {
  return accept(openAdrEvent, json);
}

/** What an event asks for. What it says that has no meaning here is noted in `problems`, and asks for nothing. */
export function demandOf(event: OpenAdrEvent, rules: SignalRules, nowMs: number, problems: Problem[]): DemandEvent {
  const intervals: DemandInterval[] = [];
  let nextMs: number | undefined;
  for (const [i, interval] of event.intervals.slice(0, MAX_INTERVALS).entries()) {
    const path = `event ${event.id}: intervals[${i}]`;
    const time = timeOf(interval.intervalPeriod ?? undefined, event.intervalPeriod ?? undefined, nextMs, nowMs, path, problems);
    if (time === undefined) continue;
    nextMs = time.untilMs;
    const limits = interval.payloads.flatMap((payload) => limitOf(payload, event, rules, path, problems) ?? []);
    const limitW = Math.min(...limits);
    if (limitW !== Infinity) intervals.push({ ...time, limitW });
  }
  return { id: event.id, priority: event.priority ?? Infinity, intervals };
}

type Period = TypeOf<typeof intervalPeriod>;

/** An interval's own time; else it follows the one before, each as long as the event says. */
function timeOf(
  own: Period | undefined,
  ofEvent: Period | undefined,
  nextMs: number | undefined,
  nowMs: number,
  path: string,
  problems: Problem[],
): { readonly fromMs: number; readonly untilMs: number } | undefined {
  const start = own?.start ?? ofEvent?.start;
  const duration = own?.duration ?? ofEvent?.duration ?? "PT0S";
  const fromMs = own === undefined && nextMs !== undefined ? nextMs : startMs(start, nowMs);
  const durationS = parseIsoDuration(duration);
  if (fromMs === undefined || durationS === undefined) {
    const value = fromMs === undefined ? start : duration;
    problems.push({ code: "openadr.time", path, ...(value !== undefined && { value }), rule: "has no start or duration that can be read" });
    return undefined;
  }
  // No length is told apart from no end by the payload; a limit that lasts no time would be none.
  return { fromMs, untilMs: durationS === 0 ? Infinity : fromMs + durationS * 1000 };
}

/** The year 1 stands for now. */
function startMs(start: string | undefined, nowMs: number): number | undefined {
  if (start === undefined) return undefined;
  return start.startsWith("0001-01-01") ? nowMs : parseDateTime(start);
}

function limitOf(
  { type, values }: TypeOf<typeof valuesMap>,
  { payloadDescriptors }: OpenAdrEvent,
  { simpleW, price }: SignalRules,
  path: string,
  problems: Problem[],
): number | undefined {
  const note = (code: string, rule: string, hint?: string) =>
    void problems.push({
      code,
      path: `${path}.${type}`,
      value: JSON.stringify(values[0] ?? null),
      rule,
      ...(hint !== undefined && { hint }),
    });
  const [value] = values;
  const isLimit = LIMIT_TYPES.includes(type);
  if (!isLimit && type !== "SIMPLE" && type !== "PRICE") {
    if (!COMPANIONS.test(type))
      note("openadr.payload", "says nothing here", `understood: ${[...LIMIT_TYPES, "SIMPLE", "PRICE"].join(", ")}`);
    return undefined;
  }
  if (typeof value !== "number" || value < 0) return note("openadr.value", "must be a number of 0 or more");
  if (type === "PRICE") return price !== undefined && value >= price.from ? price.limitW : undefined;
  if (type === "SIMPLE") {
    if (value === 0) return undefined;
    if (simpleW === undefined) return note("openadr.simple", "no limit is set for SIMPLE levels", "say what each level means");
    return simpleW[value - 1] ?? note("openadr.value", "a SIMPLE level is 0, 1, 2 or 3");
  }
  const unit = payloadDescriptors?.find((descriptor) => descriptor.payloadType === type)?.units ?? "KW";
  const factor = W_PER_UNIT[unit.toUpperCase()];
  if (factor === undefined) return note("openadr.unit", `${unit} is no unit of power`, "KW, W or MW");
  if (value === 0) return note("openadr.value", "a limit of nothing at all is not passed on");
  return value * factor;
}
