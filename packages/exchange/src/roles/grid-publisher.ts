import { deadline } from "../client/answer.ts";
import type { Bus } from "../client/bus.ts";
import { wallClock, type Clock } from "../clock.ts";
import type { FlexData, LoadTarget } from "../contracts/flex.ts";
import type { Admitted, FlexGate } from "../signing/gate.ts";
import type { BusMessage } from "../message.ts";
import { SENT_AT, type FlexSender } from "./flex-sender.ts";

const SET = "grid.loadtarget.set.v1";
const STATUS = "grid.powerstate.status.v1";
const ALERT = "grid.powerbreach.alert.v1";

export type PowerStatus = Admitted<typeof STATUS>;
export type BreachAlert = Admitted<typeof ALERT>;

/** What became of a load target. */
export interface Confirmation {
  readonly correlationId: string;
  /** How often it was sent. */
  readonly attempts: number;
  /** The status that names it; undefined: no agent has taken it, as far as we know. DSX Flex has no message that refuses. */
  readonly status: PowerStatus | undefined;
}

export interface GridPublisherOptions {
  readonly sender: FlexSender;
  /** Passes what agents say. */
  readonly gate: FlexGate;
  /** Times to send a target while nobody confirms it, and how long to wait each time. The same event: an agent takes it once. */
  readonly attempts?: number;
  readonly confirmMs?: number;
  readonly clock?: Clock;
  readonly onStatus?: (status: PowerStatus) => void;
  readonly onBreach?: (alert: BreachAlert) => void;
}

/** The grid's side of DSX Flex (`isv`): sets load targets and hears whether they are taken and kept. */
export class GridPublisher {
  readonly #bus: Bus;
  readonly #sender: FlexSender;
  readonly #gate: FlexGate;
  readonly #attempts: number;
  readonly #confirmMs: number;
  readonly #clock: Clock;
  readonly #onStatus: (status: PowerStatus) => void;
  readonly #onBreach: (alert: BreachAlert) => void;
  readonly #waiting = new Map<string, (status: PowerStatus) => void>();

  constructor(bus: Bus, options: GridPublisherOptions) {
    this.#bus = bus;
    this.#sender = options.sender;
    this.#gate = options.gate;
    this.#attempts = options.attempts ?? 3;
    this.#confirmMs = options.confirmMs ?? 4_000;
    this.#clock = options.clock ?? wallClock;
    this.#onStatus = options.onStatus ?? (() => {});
    this.#onBreach = options.onBreach ?? (() => {});
  }

  /** @throws PulmuError as `Bus.subscribe` does */
  async start(): Promise<void> {
    const onStatus = async (message: BusMessage) => {
      const status = await this.#gate.admit(message, STATUS);
      if (status !== undefined) this.#hear(status);
    };
    const onAlert = async (message: BusMessage) => {
      const alert = await this.#gate.admit(message, ALERT);
      if (alert !== undefined) this.#onBreach(alert);
    };
    await this.#bus.subscribe("grid/v1/dsx-flex-agent/+/powerstate/status", 1, onStatus, SENT_AT);
    await this.#bus.subscribe("grid/v1/dsx-flex-agent/+/powerbreach", 2, onAlert, SENT_AT);
  }

  /**
   * Sets load targets, and waits until an agent says that it has them.
   * @throws PulmuError as `Bus.publish` does
   */
  async setTargets(targets: readonly LoadTarget[]): Promise<Confirmation> {
    const correlationId = this.#sender.newId();
    const { promise, resolve } = Promise.withResolvers<PowerStatus>();
    this.#waiting.set(correlationId, resolve);
    try {
      const event = await this.#sender.send(SET, { targets }, { correlationid: correlationId });
      for (let attempt = 1; ; attempt++) {
        const { promise: pause, cancel } = deadline(this.#clock, this.#confirmMs);
        const status = await Promise.race([promise, pause.then(() => undefined)]);
        cancel();
        if (status !== undefined || attempt === this.#attempts) return { correlationId, attempts: attempt, status };
        await this.#sender.repeat(event);
      }
    } finally {
      this.#waiting.delete(correlationId);
    }
  }

  #hear(status: PowerStatus): void {
    this.#onStatus(status);
    for (const correlationId of confirmed(status.event.correlationid, status.data)) this.#waiting.get(correlationId)?.(status);
  }
}

/** Targets that a status confirms: those it lists, and the one whose setting it answers (a lifted target is on no list). */
function confirmed(answered: string | undefined, { feeds }: FlexData[typeof STATUS]): readonly string[] {
  const listed = Object.values(feeds).flatMap(({ targets }) => targets.map((target) => target.correlation_id));
  const answers = Object.values(feeds).some(({ event }) => event === "target_set");
  return [...listed, ...(answers && answered !== undefined ? [answered] : [])];
}
