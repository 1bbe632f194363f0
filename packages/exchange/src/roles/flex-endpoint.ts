import { PulmuError } from "@pulmu/units";
import type { Bus } from "../client/bus.ts";
import type { ReadBack } from "../client/read-back.ts";
import type { FlexData, FlexEvent } from "../contracts/flex.ts";
import { parseDateTime } from "../contracts/formats.ts";
import type { FlexEventType } from "../contracts/topic.ts";
import type { BusMessage } from "../message.ts";
import { nextTraceparent } from "../signing/event.ts";
import type { FlexGate } from "../signing/gate.ts";
import { SENT_AT, type FlexSender, type SentHead } from "./flex-sender.ts";

const SET = "grid.loadtarget.set.v1";
const ENFORCEMENT = "grid.powerbreach.enforcement.v1";
type Spoken = "grid.powerstate.status.v1" | "grid.powerbreach.alert.v1";

/** Something that the agent has to say. */
export type AgentMessage = {
  readonly [T in Spoken]: {
    readonly type: T;
    readonly data: FlexData[T];
    /** Of the target that caused it; undefined when none did. */
    readonly correlationId: string | undefined;
  };
}[Spoken];

/** Who decides what a load target means for the factory. A state machine: what was asked and the time go in, what to say comes out. */
export interface FlexDecider {
  /**
   * Takes the targets of one message, all or none.
   * @param from who set them, as its event names itself
   * @param traceparent the trace that all that follows from it belongs to
   * @throws PulmuError naming each that cannot be
   */
  take(data: FlexData[typeof SET], correlationId: string, nowMs: number, from: string, traceparent: string): void;
  /** Takes again what an earlier process took; left out: `take` does. @throws PulmuError as `take` */
  retake?(data: FlexData[typeof SET], correlationId: string, nowMs: number, from: string, traceparent: string): void;
  /** Brings what is due into force. Called once a second, and after each message. */
  step(nowMs: number): readonly AgentMessage[];
  /** An infrastructure agent told what it did. */
  enforced?(data: FlexData[typeof ENFORCEMENT]): void;
}

/** A message that was taken: kept, so that a restart can take it again. Plain data. */
export interface TakenTargets {
  readonly data: FlexData[typeof SET];
  readonly correlationId: string;
  readonly traceparent: string;
  readonly from: string;
  /** The plant's clock when it was taken, epoch milliseconds. */
  readonly atMs: number;
}

/** Where taken messages are kept over a restart. */
export interface TargetStore {
  load(): Promise<readonly TakenTargets[]>;
  save(taken: readonly TakenTargets[]): Promise<void>;
}

export interface EndpointOptions {
  readonly gate: FlexGate;
  readonly sender: FlexSender;
  readonly decider: FlexDecider;
  /** The plant's clock, epoch milliseconds: targets are due by it. */
  readonly plantMs: () => number;
  readonly store?: TargetStore;
  /** What could not be sent, when nobody waits for it. */
  readonly onError?: (error: Error) => void;
}

/** Messages that are kept; beyond, the oldest are forgotten. Those whose targets are over go first. */
const MAX_TAKEN = 1_000;

/** The factory's place on the wire of DSX Flex: lets load targets in, hands them to who decides, sends what is to be said. */
export class FlexEndpoint {
  readonly #bus: Bus;
  readonly #gate: FlexGate;
  readonly #sender: FlexSender;
  readonly #decider: FlexDecider;
  readonly #plantMs: () => number;
  readonly #store: TargetStore | undefined;
  readonly #onError: (error: Error) => void;
  /** Oldest first; the trace of each target is found here. */
  #taken: readonly TakenTargets[] = [];
  /** Messages are taken one after the other, and so is what is to be said sent; a message never waits for what is being sent. */
  readonly #taking = new Turns();
  readonly #sending = new Turns();

  constructor(bus: Bus, { gate, sender, decider, plantMs, store, onError = () => {} }: EndpointOptions) {
    this.#bus = bus;
    this.#gate = gate;
    this.#sender = sender;
    this.#decider = decider;
    this.#plantMs = plantMs;
    this.#store = store;
    this.#onError = onError;
  }

  /** Takes again what was taken before, then listens. @throws PulmuError as `Bus.subscribe` does */
  async start(): Promise<void> {
    this.#taken = (await this.#store?.load()) ?? [];
    const decider = this.#decider;
    for (const { data, correlationId, from, traceparent, atMs } of this.#taken) {
      try {
        if (decider.retake === undefined) decider.take(data, correlationId, atMs, from, traceparent);
        else decider.retake(data, correlationId, atMs, from, traceparent);
      } catch (error) {
        if (!(error instanceof PulmuError)) throw error;
        this.#gate.refusals.note(atMs, `kept load target ${correlationId}`, error.problems); // such as a feed that is no more
      }
    }
    const inTurn = (work: (message: BusMessage) => Promise<void>) => (message: BusMessage) => this.#taking.next(() => work(message));
    await this.#bus.subscribe(
      "grid/v1/isv/+/loadtarget/set",
      1,
      inTurn((message) => this.#take(message)),
      SENT_AT,
    );
    await this.#bus.subscribe(
      "grid/v1/infra/+/powerbreach/enforcement",
      2,
      inTurn((message) => this.#hearEnforcement(message)),
      SENT_AT,
    );
  }

  /** Call once a second. @throws PulmuError as `Bus.publish` does */
  tick(): Promise<void> {
    return this.#sending.next(() => this.#step());
  }

  /**
   * Sends the first status, and looks whether it comes back: a broker acknowledges what it then drops for want of permission.
   * @returns undefined when there is nothing to send yet
   * @throws PulmuError as `Bus.publish` does
   */
  async selfTest(): Promise<ReadBack | undefined> {
    let outcome: ReadBack | undefined;
    await this.#sending.next(async () => {
      const [first, ...rest] = this.#decider.step(this.#plantMs());
      if (first === undefined) return;
      outcome = await this.#sender.sendAndReadBack(await this.#make(first));
      for (const message of rest) await this.#sender.repeat(await this.#make(message));
    });
    return outcome;
  }

  close(): void {
    this.#sender.close();
  }

  async #take(message: BusMessage): Promise<void> {
    const admitted = await this.#gate.admit(message, SET);
    if (admitted === undefined) return;
    const { event, data, from } = admitted;
    const correlationId = event.correlationid ?? event.id; // without one, the event's own id is all there is to answer by
    const atMs = this.#plantMs();
    try {
      this.#decider.take(data, correlationId, atMs, from, event.traceparent);
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      return this.#gate.refusals.note(message.atMs, message.topic, error.problems);
    }
    const taken = [...this.#taken, { data, correlationId, traceparent: event.traceparent, from, atMs }];
    this.#taken = taken.filter((each) => !isOver(each, atMs)).slice(-MAX_TAKEN);
    await this.#store?.save(this.#taken);
    // Not waited for: the acknowledgement of what is sent comes behind this very message, and behind those that came after it.
    this.tick().catch((error: unknown) => this.#onError(error as Error));
  }

  async #hearEnforcement(message: BusMessage): Promise<void> {
    const admitted = await this.#gate.admit(message, ENFORCEMENT);
    if (admitted !== undefined) this.#decider.enforced?.(admitted.data);
  }

  async #step(): Promise<void> {
    for (const message of this.#decider.step(this.#plantMs())) {
      await this.#sender.send(message.type as FlexEventType, message.data, this.#headOf(message));
    }
  }

  #make(message: AgentMessage): Promise<FlexEvent> {
    return this.#sender.make(message.type as FlexEventType, message.data, this.#headOf(message));
  }

  #headOf({ correlationId }: AgentMessage): SentHead {
    const trace = this.#taken.findLast((each) => each.correlationId === correlationId)?.traceparent;
    return { correlationid: correlationId, traceparent: trace === undefined ? undefined : nextTraceparent(trace) };
  }
}

/** Work that is done one after the other. */
class Turns {
  #last: Promise<void> = Promise.resolve();

  next(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

/** All its targets have an end, and it is past. */
function isOver({ data }: TakenTargets, nowMs: number): boolean {
  return data.targets.every(({ interval }) => interval.end_time !== undefined && parseDateTime(interval.end_time)! <= nowMs);
}
