import type { Bus, MessageHandler, PublishOptions } from "../client/bus.ts";
import { topicMatches } from "../client/topic-filter.ts";
import type { Clock } from "../clock.ts";
import type { BusMessage, Qos } from "../message.ts";

/** A broker and its client in one, without a wire: what is published is handled before `publish` is done. For tests of the roles. */
export class MemoryBus implements Bus {
  connected = true;
  /** Everything published, oldest first. */
  readonly log: BusMessage[] = [];
  /** Highest QoS at which messages are delivered, as on a federated bus. */
  maxQos: Qos = 2;
  /** Messages that get lost on the way, if any. */
  drop: (message: BusMessage) => boolean = () => false;
  readonly #clock: Clock;
  readonly #subscriptions: { readonly filter: string; readonly handler: MessageHandler }[] = [];
  readonly #retained = new Map<string, BusMessage>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async publish(topic: string, payload: Uint8Array | string, { qos = 0, retain = false }: PublishOptions = {}): Promise<void> {
    const granted = Math.min(qos, this.maxQos) as Qos;
    const message: BusMessage = { topic, payload: Buffer.from(payload), qos: granted, retain: false, atMs: this.#clock.nowMs() };
    this.log.push(message);
    if (retain) this.#retained.set(topic, { ...message, retain: true });
    if (this.drop(message)) return;
    for (const { filter, handler } of this.#subscriptions.slice()) if (topicMatches(filter, topic)) await handler(message);
  }

  offer(topic: string, payload: Uint8Array | string, retain = false): boolean {
    if (!this.connected) return false;
    void this.publish(topic, payload, { retain });
    return true;
  }

  async subscribe(filter: string, qos: Qos, handler: MessageHandler): Promise<Qos> {
    this.#subscriptions.push({ filter, handler });
    for (const [topic, message] of this.#retained) if (topicMatches(filter, topic)) await handler(message);
    return Math.min(qos, this.maxQos) as Qos;
  }

  async unsubscribe(filter: string, handler: MessageHandler): Promise<void> {
    const at = this.#subscriptions.findIndex((each) => each.filter === filter && each.handler === handler);
    if (at >= 0) this.#subscriptions.splice(at, 1);
  }
}
