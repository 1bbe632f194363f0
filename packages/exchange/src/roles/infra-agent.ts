import type { Bus } from "../client/bus.ts";
import { wallClock, type Clock } from "../clock.ts";
import type { FlexData } from "../contracts/flex.ts";
import { nextTraceparent } from "../signing/event.ts";
import type { FlexGate } from "../signing/gate.ts";
import type { BusMessage } from "../message.ts";
import { SENT_AT, type FlexSender } from "./flex-sender.ts";
import type { ShedHint } from "./shed-hints.ts";

const ALERT = "grid.powerbreach.alert.v1";
const ENFORCEMENT = "grid.powerbreach.enforcement.v1";

type Enforcement = FlexData[typeof ENFORCEMENT];
export type EnforcementResult = Enforcement["results"][number];

/** Where power is really cut: Redfish, a PDU. One result for each hint, in their order. */
export interface Enforcer {
  apply(hints: readonly ShedHint[]): Promise<readonly EnforcementResult[]>;
  revert(hints: readonly ShedHint[]): Promise<readonly EnforcementResult[]>;
}

/** Stands where no hardware can be reached: says so for each hint. */
export const NO_ENFORCER: Enforcer = {
  apply: async (hints) => hints.map((hint) => skipped(hint)),
  revert: async (hints) => hints.map((hint) => skipped(hint)),
};

export interface InfraAgentOptions {
  readonly sender: FlexSender;
  readonly gate: FlexGate;
  readonly enforcer?: Enforcer;
  readonly clock?: Clock;
  /** What could not be done or told, when nobody waits for it. */
  readonly onError?: (error: Error) => void;
}

/** Breaches that are looked after at one time; beyond, the oldest is let go. */
const MAX_BREACHES = 100;

/** The infrastructure agent's side of DSX Flex: follows hints of a breach at the hardware, takes them back when it is over, tells both. */
export class InfraAgent {
  readonly #bus: Bus;
  readonly #sender: FlexSender;
  readonly #gate: FlexGate;
  readonly #enforcer: Enforcer;
  readonly #clock: Clock;
  readonly #onError: (error: Error) => void;
  #working: Promise<void> = Promise.resolve();
  /** Hints that were applied, by breach. */
  readonly #applied = new Map<string, readonly ShedHint[]>();

  constructor(bus: Bus, { sender, gate, enforcer = NO_ENFORCER, clock = wallClock, onError = () => {} }: InfraAgentOptions) {
    this.#bus = bus;
    this.#sender = sender;
    this.#gate = gate;
    this.#enforcer = enforcer;
    this.#clock = clock;
    this.#onError = onError;
  }

  /** @throws PulmuError as `Bus.subscribe` does */
  async start(): Promise<void> {
    await this.#bus.subscribe("grid/v1/dsx-flex-agent/+/powerbreach", 2, (message) => this.#take(message), SENT_AT);
  }

  async #take(message: BusMessage): Promise<void> {
    const alert = await this.#gate.admit(message, ALERT);
    if (alert === undefined) return;
    // One after the other, and not waited for: hardware is slow, and our own acknowledgements come behind this message.
    const { traceparent, correlationid } = alert.event;
    this.#working = this.#working
      .then(() => this.#follow(alert.data, traceparent, correlationid))
      .catch((error: unknown) => this.#onError(error as Error));
  }

  /** Fulfilled when what has come so far is done. */
  get idle(): Promise<void> {
    return this.#working;
  }

  async #follow(alert: FlexData[typeof ALERT], traceparent: string, correlationid: string | undefined): Promise<void> {
    const { breach_id } = alert.breach;
    const resolved = alert.status === "resolved";
    const hints = resolved ? this.#applied.get(breach_id) : alert.shed_hints;
    if (hints === undefined || hints.length === 0) return;
    if (resolved) this.#applied.delete(breach_id);
    else this.#remember(breach_id, hints);
    const results = await (resolved ? this.#enforcer.revert(hints) : this.#enforcer.apply(hints)).catch((error: unknown) =>
      hints.map((hint): EnforcementResult => ({ ...resultOf(hint), code: "failed", message: (error as Error).message })),
    );
    const data: Enforcement = {
      breach_id,
      feed_tag: alert.feed_tag,
      action: resolved ? "reverted" : "applied",
      code: outcome(results),
      results,
      timestamp: new Date(this.#clock.nowMs()).toISOString(),
    };
    await this.#sender.send(ENFORCEMENT, data, { correlationid, traceparent: nextTraceparent(traceparent) });
  }

  #remember(breachId: string, hints: readonly ShedHint[]): void {
    this.#applied.set(breachId, hints);
    const [oldest] = this.#applied.keys();
    if (this.#applied.size > MAX_BREACHES) this.#applied.delete(oldest);
  }
}

function outcome(results: readonly EnforcementResult[]): Enforcement["code"] {
  const applied = results.filter(({ code }) => code === "applied").length;
  if (applied === results.length) return "success";
  return applied === 0 ? "error" : "partial";
}

function skipped(hint: ShedHint): EnforcementResult {
  return { ...resultOf(hint), code: "skipped", message: "no actuator is configured" };
}

function resultOf({ resource_id, resource_type, action }: ShedHint) {
  return { resource_id, resource_type, requested_action: action };
}
