import { PulmuError } from "@pulmu/units";
import type { Clock } from "../clock.ts";
import type { BusMessage, Qos } from "../message.ts";
import { deadline } from "./answer.ts";
import type { BusLimits } from "./limits.ts";
import type { BusNotice, BusStats } from "./notice.ts";
import type { Routes } from "./routes.ts";

/** A message as the MQTT library gives it. */
interface Packet {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly qos: Qos;
  readonly retain: boolean;
}

/** Hands messages to those who subscribed. The next one waits until they have done with this one: there is no queue that could grow. */
export class Inbox {
  readonly #routes: Routes;
  readonly #limits: BusLimits;
  readonly #stats: BusStats;
  readonly #notify: (notice: BusNotice) => void;
  readonly #clock: Clock;
  readonly #onLowered: (filter: string, qos: Qos) => void;
  #closed = false;

  /** @param onLowered told of messages that come at a lower QoS than they were sent at */
  constructor(
    routes: Routes,
    limits: BusLimits,
    stats: BusStats,
    clock: Clock,
    notify: (notice: BusNotice) => void,
    onLowered: (filter: string, qos: Qos) => void,
  ) {
    this.#routes = routes;
    this.#limits = limits;
    this.#stats = stats;
    this.#notify = notify;
    this.#clock = clock;
    this.#onLowered = onLowered;
  }

  /** Hot: once a message. `done` lets the broker go on, and acknowledges it (QoS 1 and 2). */
  receive(packet: Packet, done: () => void): void {
    this.#stats.received++;
    const payload = packet.payload as Buffer;
    if (payload.length > this.#limits.maxPayloadBytes) {
      this.#stats.tooLarge++;
      done();
      return;
    }
    const { topic, routes } = this.#routes.find(packet.topic);
    const message: BusMessage = { topic, payload, qos: packet.qos, retain: packet.retain, atMs: this.#clock.nowMs() };
    let waiting: Promise<void>[] | undefined;
    for (const route of routes) {
      if (packet.qos < route.sentAt && !packet.retain) {
        this.#stats.deliveredBelow++;
        this.#onLowered(route.filter, packet.qos);
      }
      for (const handler of route.handlers) {
        try {
          const answer = handler(message);
          if (answer !== undefined) (waiting ??= []).push(answer);
        } catch (error) {
          this.#failed(topic, error);
        }
      }
    }
    if (waiting === undefined) done();
    else
      void this.#settled(topic, waiting).then(() => {
        if (!this.#closed) done(); // the library has closed its stores by then, and would fail
      });
  }

  close(): void {
    this.#closed = true;
  }

  /** A handler that holds a message back holds back all behind it, so it has a deadline. */
  async #settled(topic: string, waiting: readonly Promise<void>[]): Promise<void> {
    const { promise: late, cancel } = deadline(this.#clock, this.#limits.handlerMs);
    const work = Promise.all(waiting.map((each) => each.catch((error: unknown) => this.#failed(topic, error))));
    const outcome = await Promise.race([work.then(() => "done"), late.then(() => "late")]);
    cancel();
    if (outcome === "late") this.#failed(topic, new Error(`took more than ${this.#limits.handlerMs} ms`));
  }

  #failed(topic: string, error: unknown): void {
    const text = error instanceof PulmuError ? error.message : ((error as Error).stack ?? String(error));
    this.#notify({ severity: "critical", code: "exchange.handler-failed", text: `a message of ${topic} could not be handled: ${text}` });
  }
}
