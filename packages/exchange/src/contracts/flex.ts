/**
 * DSX Flex 1.7.0: what the grid asks of a factory, and what the factory answers. Each message is a CloudEvent in structured mode, whose
 * `data` is signed (JWS compact). Source: dsx-ai-factory/dsx-exchange, schemas/asyncapi/dsx-flex/dsx-flex.yaml (2026-08-17).
 */
import { parseJson, type Parsed } from "./json.ts";
import {
  accept,
  dateTime,
  flag,
  integer,
  list,
  mapOf,
  nullable,
  number,
  object,
  pattern,
  text,
  uuid,
  violate,
  word,
  type Shape,
  type TypeOf,
} from "./shape.ts";
import type { FlexEventType } from "./topic.ts";

/** The contract's own version of CloudEvents; the SDKs' "1.0" is refused. */
export const FLEX_SPEC_VERSION = "1.0.2";

const UNITS = ["watt", "kilowatt", "megawatt"] as const;
const W_PER_UNIT = { watt: 1, kilowatt: 1e3, megawatt: 1e6 } as const;

const power = object({ value: number(0), unit: word(...UNITS) });
/** A power with its unit. */
export type FlexPower = TypeOf<typeof power>;

/** Watts of a power. */
export function powerW({ value, unit }: FlexPower): number {
  return value * W_PER_UNIT[unit];
}

/** Without a start: from now. Without an end: until it is replaced. */
const interval = object({}, { start_time: dateTime, end_time: dateTime });
export type FlexInterval = TypeOf<typeof interval>;

/** best_effort: only cut jobs that allow it, and rather stay above the target than stop work. Default false. */
const strategy = object({}, { best_effort: flag });

const RESOURCES = ["node", "gpu", "chassis"] as const;
const RELIEFS = ["power_cap", "throttle", "suspend"] as const;
/** From the least to the most disruptive. */
export const INFRASTRUCTURE_ACTIONS = ["SHUTDOWN_NODES", "SHUTDOWN_RACKS", "CUT_DATA_FEEDS", "TRIP_BREAKERS"] as const;
/** What a status reports. All but `target_set` and `periodic` are steps of a ramp. */
export const FEED_EVENTS = ["target_set", "start_ramp_down", "end_ramp_down", "start_ramp_up", "end_ramp_up", "periodic"] as const;

/** A target replaces earlier ones on its feeds for its interval; a null constraint returns them to their default. */
const loadTarget = object(
  { interval, load_constraint: nullable(power) },
  { feed_tags: list(text), strategy }, // no or empty feed_tags: all feeds
);
export type LoadTarget = TypeOf<typeof loadTarget>;

const setLoadTarget = object({ targets: list(loadTarget, 1) });

const feedTarget = object({ active: flag, load_constraint: power, interval, strategy, correlation_id: uuid });
export type FeedTarget = TypeOf<typeof feedTarget>;

const feedState = object(
  {
    metadata: object({ power_minimum: power, power_maximum: power, default_constraint: power }),
    targets: list(feedTarget),
    calculated_load: power, // the agent's own reckoning, not a meter's
    in_flight: flag,
    event: word(...FEED_EVENTS),
    compliant: flag,
  },
  { power_event_start_time: dateTime }, // absent when no event is active
);
export type FeedState = TypeOf<typeof feedState>;

const powerStateStatus = object({ snapshot_time: dateTime, feeds: mapOf(feedState) });

const shedHint = object(
  { resource_id: text, resource_type: word(...RESOURCES), action: word(...RELIEFS), priority: integer(1) },
  { target_power: power },
);

const powerBreachAlert = object(
  {
    feed_tag: text,
    status: word("active", "escalated", "resolved"),
    severity: word("warning", "critical"), // critical: more than 20 % above the target
    breach: object({ breach_id: uuid, detected_at: dateTime }, { resolved_at: dateTime }),
    target: object({ correlation_id: uuid, load_constraint: power }),
    measured_load: power,
    infrastructure_actions: list(word(...INFRASTRUCTURE_ACTIONS)),
  },
  { shed_hints: list(shedHint) },
);

const enforcementResult = object(
  {
    resource_id: text,
    resource_type: word(...RESOURCES),
    requested_action: word(...RELIEFS),
    code: word("applied", "failed", "skipped"),
  },
  { message: text, applied_power: power },
);

const powerBreachEnforcement = object(
  {
    breach_id: uuid,
    feed_tag: text,
    action: word("applied", "reverted"),
    code: word("success", "partial", "error"),
    results: list(enforcementResult),
    timestamp: dateTime,
  },
  { diag_msg: text },
);

/** What the `data` of each event says, once its signature is verified. */
export interface FlexData {
  readonly "grid.loadtarget.set.v1": TypeOf<typeof setLoadTarget>;
  readonly "grid.powerstate.status.v1": TypeOf<typeof powerStateStatus>;
  readonly "grid.powerbreach.alert.v1": TypeOf<typeof powerBreachAlert>;
  readonly "grid.powerbreach.enforcement.v1": TypeOf<typeof powerBreachEnforcement>;
}

const DATA: { readonly [T in FlexEventType]: Shape<FlexData[T]> } = {
  "grid.loadtarget.set.v1": setLoadTarget,
  "grid.powerstate.status.v1": powerStateStatus,
  "grid.powerbreach.alert.v1": powerBreachAlert,
  "grid.powerbreach.enforcement.v1": powerBreachEnforcement,
};

const jws = pattern(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/, "must be a JWS in compact form");

const REQUIRED = {
  specversion: word(FLEX_SPEC_VERSION),
  id: uuid,
  source: pattern(/^\/\/grid\/v1\/(isv|dsx-flex-agent|infra)\/[^/]+$/, "must be //grid/v1/{isv|dsx-flex-agent|infra}/{identifier}"),
  time: dateTime,
  datacontenttype: word("application/json"),
  subject: text,
  traceparent: pattern(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, "must be a W3C traceparent"),
};
const OPTIONAL = { tracestate: text, correlationid: uuid };

/** The CloudEvents envelope of a Flex message. Other attributes may stand beside these. */
export interface FlexEvent<T extends FlexEventType = FlexEventType> {
  readonly specversion: typeof FLEX_SPEC_VERSION;
  /** UUID, new for each event: with `source`, what makes an event unique. */
  readonly id: string;
  /** `//grid/v1/{role}/{identifier}` of the publisher. */
  readonly source: string;
  readonly type: T;
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly subject: string;
  readonly traceparent: string;
  readonly tracestate?: string;
  /** UUID that the grid side gives a target, and that all that follows from it repeats. */
  readonly correlationid?: string;
  /** A JWS whose payload is the data; or the data itself, unsigned, which the schema admits and the contract's text forbids. */
  readonly data: string | FlexData[T];
}

function eventShape(type: FlexEventType): Shape<FlexEvent> {
  const plain = DATA[type] as Shape<unknown>;
  const data: Shape<unknown> = (value, path, out) => {
    if (typeof value === "string") jws(value, path, out);
    else if (typeof value !== "object" || value === null) violate(out, "type", path, value, "must be a JWS in compact form");
    else plain(value, path, out);
  };
  return object({ ...REQUIRED, type: word(type), data }, OPTIONAL) as Shape<unknown> as Shape<FlexEvent>;
}

const EVENTS: { readonly [T in FlexEventType]: Shape<FlexEvent> } = {
  "grid.loadtarget.set.v1": eventShape("grid.loadtarget.set.v1"),
  "grid.powerstate.status.v1": eventShape("grid.powerstate.status.v1"),
  "grid.powerbreach.alert.v1": eventShape("grid.powerbreach.alert.v1"),
  "grid.powerbreach.enforcement.v1": eventShape("grid.powerbreach.enforcement.v1"),
};

/** Reads a message from the topic of events of `type`. The content of a signed `data` is not looked at: verify, then `parseFlexData`. */
export function parseFlexEvent<T extends FlexEventType>(payload: Uint8Array, type: T): Parsed<FlexEvent<T>> {
  const json = parseJson(payload);
  return json.ok ? acceptFlexEvent(json.value, type) : json;
}

/** As `parseFlexEvent`, of JSON that is already read. */
export function acceptFlexEvent<T extends FlexEventType>(json: unknown, type: T): Parsed<FlexEvent<T>> {
  return accept(EVENTS[type] as Shape<unknown> as Shape<FlexEvent<T>>, json);
}

/** Reads the payload of a verified JWS. */
export function parseFlexData<T extends FlexEventType>(payload: Uint8Array, type: T): Parsed<FlexData[T]> {
  const json = parseJson(payload);
  return json.ok ? acceptFlexData(json.value, type) : json;
}

/** As `parseFlexData`, of JSON that is already read. */
export function acceptFlexData<T extends FlexEventType>(json: unknown, type: T): Parsed<FlexData[T]> {
  return accept<FlexData[T]>(DATA[type], json);
}
