import type { Qos } from "../message.ts";
import type { MessageHandler } from "./bus.ts";
import { topicMatches } from "./topic-filter.ts";

export interface Route {
  readonly filter: string;
  qos: Qos;
  /** QoS at which its publishers send, as far as that is known. */
  sentAt: Qos;
  readonly handlers: Set<MessageHandler>;
}

/** Where messages of one topic go. */
export interface Destination {
  /** The topic without the federation's prefix. */
  readonly topic: string;
  readonly routes: readonly Route[];
}

/** A plant has tens of thousands of topics, and each comes back all the time. Beyond this the memory is started anew. */
const MAX_KNOWN = 200_000;

/** Subscriptions of a connection, and which of them a topic belongs to: looked up once a topic, not once a message. */
export class Routes {
  readonly #prefix: string;
  readonly #routes = new Map<string, Route>();
  readonly #known = new Map<string, Destination>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The route of a filter, made if it is not there. */
  open(filter: string, qos: Qos, sentAt: Qos): Route {
    let route = this.#routes.get(filter);
    if (route === undefined) {
      route = { filter, qos, sentAt, handlers: new Set() };
      this.#routes.set(filter, route);
      this.#known.clear();
    }
    route.qos = Math.max(route.qos, qos) as Qos;
    route.sentAt = Math.max(route.sentAt, sentAt) as Qos;
    return route;
  }

  get(filter: string): Route | undefined {
    return this.#routes.get(filter);
  }

  close(filter: string): void {
    this.#routes.delete(filter);
    this.#known.clear();
  }

  all(): Iterable<Route> {
    return this.#routes.values();
  }

  find(wireTopic: string): Destination {
    let destination = this.#known.get(wireTopic);
    if (destination === undefined) {
      destination = this.#look(wireTopic);
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(wireTopic, destination);
    }
    return destination;
  }

  #look(wireTopic: string): Destination {
    if (!wireTopic.startsWith(this.#prefix)) return { topic: wireTopic, routes: [] };
    const topic = wireTopic.slice(this.#prefix.length);
    return { topic, routes: [...this.#routes.values()].filter(({ filter }) => topicMatches(filter, topic)) };
  }
}
