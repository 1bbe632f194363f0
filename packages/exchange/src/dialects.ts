/**
 * Deviations from the contracts that are met in the field, each read only where it is switched on, and counted. What we write keeps the
 * contract, but for the agent's old topics, which a grid side of that age does not find otherwise.
 */
import { isObject, type JsonObject } from "./contracts/shape.ts";

export interface Dialects {
  /** `poweragent` in topics and sources, the Flex agent's name before dsx-exchange 2.6.1. */
  readonly legacyAgent: boolean;
  /** One `event` for the whole snapshot instead of one a feed, as before 2026-06-01, and targets without `correlation_id`. */
  readonly looseStatus: boolean;
  /** `specversion` "1.0", as the CloudEvents SDKs write it. */
  readonly cloudEvents10: boolean;
  /** `quality` as text, as NICo's BMS client writes it. */
  readonly stringQuality: boolean;
  /** `rackName` and `rackId` for `rackLocationName` and `rackLocationId`, as in the catalogue of 2024. */
  readonly rackNames: boolean;
}

export type DialectName = keyof Dialects;

export const STRICT: Dialects = { legacyAgent: false, looseStatus: false, cloudEvents10: false, stringQuality: false, rackNames: false };

/** Reads JSON of the dialects that are switched on as the contract would have it, and counts how often that was needed. */
export class DialectReader {
  readonly enabled: Dialects;
  readonly counts: Record<DialectName, number> = { legacyAgent: 0, looseStatus: 0, cloudEvents10: 0, stringQuality: 0, rackNames: 0 };

  constructor(enabled: Partial<Dialects> = {}) {
    this.enabled = { ...STRICT, ...enabled };
  }

  /** True when nothing could be read differently. */
  get strict(): boolean {
    return !Object.values(this.enabled).includes(true);
  }

  topic(topic: string): string {
    return LEGACY_TOPIC.test(topic) && this.#use("legacyAgent") ? topic.replace("/poweragent/", "/dsx-flex-agent/") : topic;
  }

  value(json: unknown): unknown {
    if (!isObject(json)) return json;
    const { quality } = json;
    return typeof quality === "string" && /^-?\d{1,9}$/.test(quality) && this.#use("stringQuality")
      ? { ...json, quality: Number(quality) }
      : json;
  }

  metadata(json: unknown): unknown {
    if (!isObject(json) || json["rackId"] === undefined || json["rackLocationId"] !== undefined || !this.#use("rackNames")) return json;
    const { rackName, rackId, ...rest } = json;
    return { ...rest, rackLocationName: rackName ?? rackId, rackLocationId: rackId };
  }

  envelope(json: unknown): unknown {
    if (!isObject(json)) return json;
    const { specversion, source } = json;
    return {
      ...json,
      ...(specversion === "1.0" && this.#use("cloudEvents10") && { specversion: "1.0.2" }),
      ...(typeof source === "string" &&
        source.startsWith("//grid/v1/poweragent/") &&
        this.#use("legacyAgent") && { source: source.replace("poweragent", "dsx-flex-agent") }),
      ...(isObject(json["data"]) && { data: this.status(json["data"]) }),
    };
  }

  /** The data of a power state. Other data passes through. */
  status(json: unknown): unknown {
    if (!isObject(json) || !isObject(json["feeds"])) return json;
    const { event, feeds } = json;
    const loose = Object.values(feeds as JsonObject).some((feed) => isObject(feed) && needsLooseness(feed, event));
    if (!loose || !this.#use("looseStatus")) return json;
    const read = (feed: unknown) => (isObject(feed) ? { event, ...feed, targets: targetsOf(feed["targets"]) } : feed);
    return { ...json, feeds: Object.fromEntries(Object.entries(feeds as JsonObject).map(([tag, feed]) => [tag, read(feed)])) };
  }

  #use(name: DialectName): boolean {
    if (this.enabled[name]) this.counts[name]++;
    return this.enabled[name];
  }
}

const LEGACY_TOPIC = /^(cpc\/[^/]+\/)?grid\/v1\/poweragent\//;

/** Stands for the correlation that a target does not name: no target of ours has it. */
const NO_CORRELATION = "00000000-0000-4000-8000-000000000000";

function needsLooseness(feed: JsonObject, event: unknown): boolean {
  const targets = feed["targets"];
  const nameless = Array.isArray(targets) && targets.some((target) => isObject(target) && target["correlation_id"] === undefined);
  return nameless || targets === null || (feed["event"] === undefined && event !== undefined);
}

function targetsOf(targets: unknown): unknown {
  if (targets === null) return [];
  if (!Array.isArray(targets)) return targets;
  return targets.map((target) => (isObject(target) ? { correlation_id: NO_CORRELATION, ...target } : target));
}
