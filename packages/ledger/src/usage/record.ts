import { type Problem, PulmuError } from "@pulmu/units";

/** What is counted, as whole numbers of the smallest unit, so that sums are exact. */
export const METERS = [
  "requests",
  /** Prompt tokens that were computed; those read from a cache count as `cachedTokens` instead. */
  "promptTokens",
  "cachedTokens",
  /** Tokens generated, reasoning included. */
  "outputTokens",
  /** GPU-seconds × 1000. */
  "gpuMilliS",
  /** Energy at the racks, mJ. */
  "itMilliJ",
  /** The same with its share of cooling and losses, mJ. */
  "facilityMilliJ",
  /** CO₂, mg. */
  "carbonMilliG",
  /** Energy reserved by contract, used or not, Wh. */
  "reservedWh",
] as const;
export type Meter = (typeof METERS)[number];
export type Meters = Readonly<Partial<Record<Meter, number>>>;

export const KINDS = ["request", "job", "reservation", "correction"] as const;

/** What somebody used: written once, never changed. */
export interface UsageRecord {
  /** Chosen by the sender before it sends; the same id for ever means the same record. At most 128 printable ASCII characters. */
  readonly id: string;
  readonly kind: (typeof KINDS)[number];
  /** When the work was admitted, epoch ms: the day, month and minute it counts in. */
  readonly atMs: number;
  readonly tenantId: string;
  readonly projectId: string;
  /** Key it was done with; "" for work without one. */
  readonly keyId: string;
  /** "" for work without a model. */
  readonly modelId: string;
  /** "" where it does not matter. */
  readonly acceleratorId: string;
  readonly meters: Meters;
  /** Of a correction: the record whose figures it changes. Its meters are differences and may be negative. */
  readonly corrects?: string;
  /** W3C trace context, so that a watt can be followed to a token. */
  readonly traceparent?: string;
}

/** 2000-01-01 and 2100-01-01: a clock that shows anything else is broken. */
const MIN_AT_MS = 946_684_800_000;
const MAX_AT_MS = 4_102_444_800_000;
/** How far ahead of this machine's clock a record may lie. */
const MAX_AHEAD_MS = 86_400_000;
const ID = /^[\x21-\x7e]{1,128}$/;
const NAME = /^[\x20-\x7e]{0,200}$/;

/**
 * Checks a record at the door; all problems at once. `nowMs` is this machine's clock.
 * @throws PulmuError `usage.id`, `usage.kind`, `usage.time`, `usage.name`, `usage.meter`, `usage.unit`, `usage.corrects`
 */
export function checkUsage(record: UsageRecord, nowMs: number): void {
  let problems: Problem[] | undefined;
  const say = (code: string, path: string, value: unknown, rule: string, hint?: string) =>
    (problems ??= []).push({ code, path, value: String(value), rule, ...(hint === undefined ? {} : { hint }) });
  if (typeof record.id !== "string" || !ID.test(record.id))
    say("usage.id", "id", record.id, "1 to 128 printable characters without spaces");
  if (!KINDS.includes(record.kind)) say("usage.kind", "kind", record.kind, `one of ${KINDS.join(", ")}`);
  if (!Number.isSafeInteger(record.atMs) || record.atMs < MIN_AT_MS || record.atMs > MAX_AT_MS)
    say("usage.time", "atMs", record.atMs, "not a time between 2000 and 2100 in epoch milliseconds", "seconds? multiply by 1000");
  else if (record.atMs > nowMs + MAX_AHEAD_MS)
    say("usage.time", "atMs", new Date(record.atMs).toISOString(), "more than a day in the future", "check the sender's clock");
  if (record.tenantId === "") say("usage.name", "tenantId", "", "whose usage is it?");
  for (const name of ["tenantId", "projectId", "keyId", "modelId", "acceleratorId"] as const)
    if (typeof record[name] !== "string" || !NAME.test(record[name]))
      say("usage.name", name, record[name], "at most 200 printable ASCII characters");
  const correction = record.kind === "correction";
  if (correction !== (record.corrects !== undefined))
    say(
      "usage.corrects",
      "corrects",
      record.corrects ?? "",
      correction ? "a correction names the record it corrects" : "only a correction has this",
    );
  for (const name in record.meters) {
    const value = record.meters[name as Meter]!;
    if (!METERS.includes(name as Meter)) say("usage.unit", `meters.${name}`, value, `unknown meter; known: ${METERS.join(", ")}`);
    else if (!Number.isSafeInteger(value)) say("usage.meter", `meters.${name}`, value, "a whole number below 2^53");
    else if (value < 0 && !correction) say("usage.meter", `meters.${name}`, value, "not negative", "send a correction instead");
  }
  if (problems !== undefined)
    throw new PulmuError(problems.map((problem) => ({ ...problem, file: `usage record ${String(record.id).slice(0, 40)}` })));
}

/** All tokens of a record: what token limits count. */
export function tokensOf(meters: Meters): number {
  return (meters.promptTokens ?? 0) + (meters.cachedTokens ?? 0) + (meters.outputTokens ?? 0);
}
