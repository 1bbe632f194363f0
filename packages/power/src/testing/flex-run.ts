import {
  type AgentMessage,
  flexTopic,
  makeEvent,
  TrafficChecker,
  type CheckReport,
  type FlexData,
  type FlexEventType,
} from "@pulmu/exchange";
import type { Site } from "@pulmu/site";
import { Envelope } from "../envelope/envelope.ts";
import { TargetBook } from "../envelope/target-book.ts";
import { BREACH_RULES, type BreachRules } from "../flex/breach.ts";
import { FlexAgent, flexOptions, type FlexState } from "../flex/flex-agent.ts";
import type { ShedHint } from "../flex/shed-hints.ts";

/** What was said, and when. */
export interface Said {
  readonly atS: number;
  readonly message: AgentMessage;
}

const START_MS = Date.UTC(2027, 7, 11, 9);

/** An agent beside a factory whose feeds draw what a test says, second by second. All its messages are kept, to be checked as traffic. */
export class FlexRun {
  readonly #site: Site;
  readonly #agent: FlexAgent;
  readonly #envelope: Envelope;
  readonly #traffic: {
    readonly type: FlexEventType;
    readonly data: unknown;
    readonly correlationid: string | undefined;
    readonly atMs: number;
  }[] = [];
  #state: FlexState;
  readonly said: Said[] = [];
  readonly book = new TargetBook();
  atS = 0;

  constructor(site: Site, minimumW: number, change: Partial<BreachRules> = {}, shedHints: readonly ShedHint[] = []) {
    this.#site = site;
    const book = this.book;
    this.#envelope = new Envelope(site, book);
    const options = flexOptions({ state: () => this.#state, newId: idsFrom(1), shedHints: () => shedHints });
    const nothing = this.#envelope.scopes.map(() => 0);
    this.#state = { scopes: this.#envelope.scopes, meteredW: nothing, calculatedW: nothing };
    const bounds = () => ({ minimumW, maximumW: site.phase.envelopeW });
    this.#agent = new FlexAgent(site, book, bounds, { ...options, breach: { ...BREACH_RULES, ...change } });
  }

  get nowMs(): number {
    return START_MS + this.atS * 1000;
  }

  set(targets: FlexData["grid.loadtarget.set.v1"]["targets"], correlationId: string): void {
    this.#traffic.push({ type: "grid.loadtarget.set.v1", data: { targets }, correlationid: correlationId, atMs: this.nowMs });
    this.#agent.take({ targets }, correlationId, this.nowMs);
  }

  enforced(data: FlexData["grid.powerbreach.enforcement.v1"]): void {
    this.#traffic.push({ type: "grid.powerbreach.enforcement.v1", data, correlationid: undefined, atMs: this.nowMs });
    this.#agent.enforced(data);
  }

  /** @param loadW what a feed draws; its own limit and the site's are told, and whether a meter is trusted */
  pass(seconds: number, loadW: (feed: number, limitW: number, siteLimitW: number) => number, metered = true): void {
    for (let s = 0; s < seconds; s++, this.atS++) {
      const [site, ...feeds] = this.#envelope.scopes;
      const perFeed = feeds.map((feed, f) => loadW(f, feed.limitW, site.limitW));
      const drawn = [perFeed.reduce((sum, w) => sum + w, 0), ...perFeed];
      this.#envelope.advance(this.nowMs, 1, drawn);
      this.#state = { scopes: this.#envelope.scopes, meteredW: metered ? drawn : drawn.map(() => NaN), calculatedW: drawn };
      for (const message of this.#agent.step(this.nowMs)) {
        this.said.push({ atS: this.atS, message });
        const { type, data, correlationId } = message;
        this.#traffic.push({ type, data, correlationid: correlationId, atMs: this.nowMs });
      }
    }
  }

  /** Statuses as `second feed event`, without the periodic ones. */
  events(feed = 0): string[] {
    const { tag } = this.#site.feeds[feed];
    return this.said.flatMap(({ atS, message }) => {
      if (message.type !== "grid.powerstate.status.v1") return [];
      const { event } = message.data.feeds[tag];
      return event === "periodic" ? [] : [`${atS} ${event}`];
    });
  }

  alerts(): { readonly atS: number; readonly data: FlexData["grid.powerbreach.alert.v1"] }[] {
    return this.said.flatMap(({ atS, message }) => (message.type === "grid.powerbreach.alert.v1" ? [{ atS, data: message.data }] : []));
  }

  /** What a checker of live traffic finds in all that was said and heard. */
  async check(): Promise<CheckReport> {
    const checker = new TrafficChecker({ signing: "accept-unsigned" });
    const newId = idsFrom(1_000_000);
    for (const { type, data, correlationid, atMs } of this.#traffic) {
      const role = type.startsWith("grid.loadtarget") ? "isv" : type.endsWith("enforcement.v1") ? "infra" : "dsx-flex-agent";
      const head = { source: `//grid/v1/${role}/test`, subject: "test", correlationid };
      const event = await makeEvent(type, data as FlexData[typeof type], head, undefined, atMs, newId);
      const payload = Buffer.from(JSON.stringify(event));
      await checker.observe({ topic: flexTopic(type, "test"), payload, qos: 2, retain: false, atMs });
    }
    return checker.finish(this.nowMs);
  }
}

/** UUIDs of version 4 that count up. */
export function idsFrom(first: number): () => string {
  let next = first;
  return () => `${(next++).toString(16).padStart(8, "0")}-0000-4000-8000-000000000001`;
}
