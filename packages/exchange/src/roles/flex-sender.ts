import { randomUUID } from "node:crypto";
import type { Bus } from "../client/bus.ts";
import { readBack, type ReadBack } from "../client/read-back.ts";
import { wallClock, type Clock } from "../clock.ts";
import type { FlexData, FlexEvent } from "../contracts/flex.ts";
import { FLEX_CHANNELS, flexTopic, type FlexEventType } from "../contracts/topic.ts";
import { makeEvent, type EventHead, type NewId } from "../signing/event.ts";
import type { SigningKey } from "../signing/signing-key.ts";

export interface SenderOptions {
  /** Name of the participant, unique in the deployment. */
  readonly identifier: string;
  /** Left out: data goes unsigned, which others refuse unless told otherwise. */
  readonly key?: SigningKey | undefined;
  /** After how long to send an event again, unasked. Left out: not at all where the broker keeps QoS 1, twice where it does not. */
  readonly repeatMs?: readonly number[] | undefined;
  /** Also send on the agent's topics of before dsx-exchange 2.6.1. */
  readonly legacyTopics?: boolean;
  readonly clock?: Clock;
  readonly newId?: NewId;
}

/** Every Flex event is sent at this QoS or above: what comes at less was lowered on its way. */
export const SENT_AT = 1;

const REPEAT_WITHOUT_QOS_MS = [2_000, 5_000];
/** What an event carries beside its data: what it answers, and the trace that it belongs to. */
export type SentHead = Omit<EventHead, "source" | "subject">;

const SUBJECTS: { readonly [T in FlexEventType]: string } = {
  "grid.loadtarget.set.v1": "loadtarget",
  "grid.powerstate.status.v1": "powerstate",
  "grid.powerbreach.alert.v1": "powerbreach",
  "grid.powerbreach.enforcement.v1": "powerbreach",
};

/** Sends the Flex events of one participant: signed, on its topics, at the QoS of their channel. */
export class FlexSender {
  readonly identifier: string;
  readonly #bus: Bus;
  readonly #options: SenderOptions;
  readonly #clock: Clock;
  readonly #newId: NewId;
  readonly #repeats = new Set<() => void>();

  constructor(bus: Bus, options: SenderOptions) {
    this.identifier = options.identifier;
    this.#bus = bus;
    this.#options = options;
    this.#clock = options.clock ?? wallClock;
    this.#newId = options.newId ?? randomUUID;
  }

  newId(): string {
    return this.#newId();
  }

  /** @throws PulmuError as `Bus.publish` does */
  async send<T extends FlexEventType>(type: T, data: FlexData[T], head: SentHead = {}): Promise<FlexEvent<T>> {
    const event = await this.make(type, data, head);
    await this.repeat(event);
    for (const delayMs of this.#options.repeatMs ?? (this.#bus.maxQos === 0 ? REPEAT_WITHOUT_QOS_MS : []))
      this.#repeatLater(event, delayMs);
    return event;
  }

  /** An event of this participant, signed, and not sent. */
  make<T extends FlexEventType>(type: T, data: FlexData[T], head: SentHead = {}): Promise<FlexEvent<T>> {
    const source = `//grid/v1/${FLEX_CHANNELS[type].role}/${this.identifier}`;
    return makeEvent(type, data, { ...head, source, subject: SUBJECTS[type] }, this.#options.key, this.#clock.nowMs(), this.#newId);
  }

  /**
   * Sends an event and looks whether the broker lets it through.
   * @throws PulmuError as `Bus.publish` does
   */
  async sendAndReadBack(event: FlexEvent): Promise<ReadBack> {
    const { qos } = FLEX_CHANNELS[event.type];
    return readBack(this.#bus, flexTopic(event.type, this.identifier), JSON.stringify(event), { qos, clock: this.#clock });
  }

  /** Sends an event once more as it was: who has it tells it by its id. */
  async repeat(event: FlexEvent): Promise<void> {
    const payload = JSON.stringify(event);
    const { qos, role } = FLEX_CHANNELS[event.type];
    const topic = flexTopic(event.type, this.identifier);
    await this.#bus.publish(topic, payload, { qos });
    if (this.#options.legacyTopics && role === "dsx-flex-agent") {
      await this.#bus.publish(topic.replace("/dsx-flex-agent/", "/poweragent/"), payload, { qos });
    }
  }

  /** Gives up what was to be sent again. */
  close(): void {
    for (const cancel of this.#repeats) cancel();
    this.#repeats.clear();
  }

  #repeatLater(event: FlexEvent, delayMs: number): void {
    const cancel = this.#clock.after(delayMs, () => {
      this.#repeats.delete(cancel);
      this.repeat(event).catch(() => {}); // the first one was acknowledged; this was for good measure
    });
    this.#repeats.add(cancel);
  }
}
