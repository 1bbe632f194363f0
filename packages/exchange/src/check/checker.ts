import type { Problem } from "@pulmu/units";
import type { FlexEvent } from "../contracts/flex.ts";
import { parsePayload } from "../contracts/message.ts";
import { parseTopic, type PointTopic, type Topic } from "../contracts/topic.ts";
import type { Parsed } from "../contracts/json.ts";
import type { BusMessage, Qos } from "../message.ts";
import { BreachChecks } from "./breaches.ts";
import { EventChecks, type OpenEvent, type SignatureCounts } from "./events.ts";
import { FindingLog, type Finding } from "./finding.ts";
import { HeartbeatChecks } from "./heartbeats.ts";
import { LoadTargetChecks } from "./load-targets.ts";
import { isLaterState, MachineChecks } from "./machines.ts";
import { PointChecks, pointKey, type PointState } from "./points.ts";
import { checkPowerPath } from "./power-path.ts";
import { isRule } from "./rules.ts";

export interface CheckOptions {
  /** Unsigned Flex data is an error; or it is let pass. Default: require. */
  readonly signing?: "require" | "accept-unsigned";
  /** Verifies the signature of an event and that its key is the source's; answers what is wrong. Without it signatures are only opened. */
  readonly verify?: (event: FlexEvent) => Promise<readonly Problem[]>;
  /** Highest QoS at which messages can reach us: what the broker granted, or 0 for a recording that does not tell. Default 2. */
  readonly maxQos?: Qos;
  /** How far clocks may be ahead of ours, ms. Default 5,000. */
  readonly skewMs?: number;
}

/** What a watch found. */
export interface CheckReport {
  /** All messages watched. */
  readonly messages: number;
  /** Messages that break a contract's letter: topic, JSON or schema. */
  readonly contractViolations: number;
  readonly errors: number;
  readonly warnings: number;
  /** From the first to the last message, or to the end of the watch. */
  readonly durationS: number;
  /** What the messages were. `foreign`: of no contract, not looked at. */
  readonly seen: { values: number; metadata: number; events: number; machineStates: number; foreign: number };
  readonly points: number;
  readonly racks: number;
  readonly meters: number;
  readonly machines: number;
  readonly signatures: Readonly<SignatureCounts>;
  readonly findings: readonly Finding[];
  /** Occurrences beyond the number of different findings that are kept. */
  readonly dropped: number;
}

/** Topics kept with what they were read as. */
const MAX_TOPICS = 500_000;

/**
 * Watches traffic of a DSX Exchange and notes what breaks its contracts. Hand it messages in the order of their arrival, then `finish`.
 * Costs about a microsecond a value; memory grows with the number of points, not of messages.
 */
export class TrafficChecker {
  readonly #log = new FindingLog();
  readonly #verify: CheckOptions["verify"];
  readonly #points: PointChecks;
  readonly #heartbeats: HeartbeatChecks;
  readonly #events: EventChecks;
  readonly #targets: LoadTargetChecks;
  readonly #breaches: BreachChecks;
  readonly #machines: MachineChecks;
  readonly #topics = new Map<string, Parsed<Topic>>();
  readonly #seen = { values: 0, metadata: 0, events: 0, machineStates: 0, foreign: 0 };
  #messages = 0;
  #violations = 0;
  #startMs = 0;
  #lastMs = 0;

  constructor({ signing = "require", verify, maxQos = 2, skewMs = 5000 }: CheckOptions = {}) {
    this.#verify = verify;
    this.#points = new PointChecks(this.#log, skewMs);
    this.#heartbeats = new HeartbeatChecks(this.#log, skewMs);
    this.#events = new EventChecks(this.#log, { signing, skewMs, maxQos });
    this.#targets = new LoadTargetChecks(this.#log);
    this.#breaches = new BreachChecks(this.#log, this.#targets);
    this.#machines = new MachineChecks(this.#log, skewMs);
  }

  /** Looks at one message. A promise only for a signed event that is to be verified: wait for it before the next. */
  observe(message: BusMessage): Promise<void> | undefined {
    if (this.#messages++ === 0) this.#startMs = message.atMs;
    this.#lastMs = message.atMs;
    const topic = this.#topic(message);
    const parsed = topic.ok ? parsePayload(topic.value, message.payload) : topic;
    if (!parsed.ok) return void this.#refuse(parsed.problems, message);
    const read = parsed.value;
    switch (read.kind) {
      case "value":
        this.#seen.values++;
        this.#points.onValue(read.topic, read.value, message);
        this.#heartbeats.onValue(read.topic, read.value, message, this.#points.points.get(pointKey(read.topic)));
        return undefined;
      case "metadata":
        this.#seen.metadata++;
        return void this.#points.onMetadata(read.topic, read.metadata, message);
      case "event":
        this.#seen.events++;
        return this.#onEvent(this.#events.open(read.topic, read.event, message));
      case "machine":
        this.#seen.machineStates++;
        return void this.#machines.onState(read.topic, read.state, message);
      case "foreign":
        this.#seen.foreign++;
        return undefined;
    }
  }

  /** Ends the watch: what should have come and did not, and how things hang together. `endMs`: default the last arrival. */
  finish(endMs: number = this.#lastMs): CheckReport {
    this.#points.finish(endMs);
    this.#heartbeats.finish(endMs);
    this.#targets.finish(endMs);
    this.#breaches.finish(endMs);
    const points = [...this.#points.points.values()];
    for (const [, cluster] of Map.groupBy(points, ({ topic }) => topic.cluster ?? "")) checkPowerPath(cluster, this.#log, endMs);

    const findings = this.#log.list();
    return {
      messages: this.#messages,
      contractViolations: this.#violations,
      errors: findings.filter(({ severity }) => severity === "error").length,
      warnings: findings.filter(({ severity }) => severity === "warning").length,
      durationS: Math.max(0, endMs - this.#startMs) / 1000,
      seen: this.#seen,
      points: points.length,
      racks: countObjects(points, "Rack"),
      meters: countObjects(points, "PowerMeter"),
      machines: this.#machines.count,
      signatures: this.#events.signatures,
      findings,
      dropped: this.#log.dropped,
    };
  }

  #topic({ topic, atMs }: BusMessage): Parsed<Topic> {
    let parsed = this.#topics.get(topic);
    if (parsed !== undefined) return parsed;
    parsed = parseTopic(topic);
    if (this.#topics.size < MAX_TOPICS) this.#topics.set(topic, parsed);
    if (parsed.ok && parsed.value.contract === "bms") this.#checkTagPath(parsed.value, topic, atMs);
    return parsed;
  }

  #checkTagPath({ tagPath }: PointTopic, topic: string, atMs: number): void {
    if (/[.\s]/.test(tagPath)) this.#log.note("topic.unsafe", topic, atMs, { path: "topic", value: tagPath });
  }

  #refuse(problems: readonly Problem[], { topic, atMs }: BusMessage): void {
    const later = problems.every(isLaterState);
    if (!later) this.#violations++;
    for (const { code, path, value, rule, hint } of problems) {
      const known = later ? "nico.later-state" : isRule(code) ? code : "contract.format";
      this.#log.note(known, topic, atMs, { path, value, rule, hint });
    }
  }

  #onEvent(opened: OpenEvent | undefined): Promise<void> | undefined {
    if (opened === undefined) return undefined;
    this.#breaches.begin(this.#startMs);
    if (isOf(opened, "grid.loadtarget.set.v1")) this.#targets.onSet(opened);
    else if (isOf(opened, "grid.powerstate.status.v1")) this.#targets.onStatus(opened);
    else if (isOf(opened, "grid.powerbreach.alert.v1")) this.#breaches.onAlert(opened);
    else if (isOf(opened, "grid.powerbreach.enforcement.v1")) this.#breaches.onEnforcement(opened);
    return this.#verify !== undefined && typeof opened.event.data === "string" ? this.#checkSignature(opened, this.#verify) : undefined;
  }

  async #checkSignature({ event, message }: OpenEvent, verify: NonNullable<CheckOptions["verify"]>): Promise<void> {
    const problems = await verify(event);
    if (problems.length === 0) this.#events.signatures.verified++;
    for (const { value, rule, hint } of problems) {
      this.#log.note("flex.bad-signature", message.topic, message.atMs, { path: "data", value, rule, hint });
    }
  }
}

/** Watches until the messages end; `nowMs` tells when that is, where silence counts. Default: the last arrival. */
export async function checkTraffic(
  messages: AsyncIterable<BusMessage>,
  options: CheckOptions = {},
  nowMs?: () => number,
): Promise<CheckReport> {
  const checker = new TrafficChecker(options);
  for await (const message of messages) {
    const verifying = checker.observe(message);
    if (verifying !== undefined) await verifying;
  }
  return checker.finish(nowMs?.());
}

function isOf<T extends OpenEvent["topic"]["type"]>(event: OpenEvent, type: T): event is OpenEvent<T> {
  return event.topic.type === type;
}

function countObjects(points: readonly PointState[], objectType: string): number {
  const ids = points.map(({ topic, metadata }) => topic.objectType === objectType && (metadata?.rackLocationId ?? metadata?.objectId));
  return new Set(ids.filter((id) => typeof id === "string")).size;
}
