import type { ServerResponse } from "node:http";
import type { LoggedEvent } from "../live/event-log.ts";
import type { LiveFactory } from "../live/factory.ts";
import { factoryState } from "../live/state.ts";

/** Bytes that may wait for one client: about a minute of states. A client further behind is cut off; it can come again. */
const MAX_WAITING_BYTES = 1 << 20;
const HEARTBEAT_MS = 15_000;

/** What the stream needs of a client's connection: its queue is the connection's own, and is looked at before each frame. */
export type EventClient = Pick<ServerResponse, "write" | "writableLength" | "destroy" | "end" | "once">;

/** The clients of `/api/events`. Each frame is made once and shared. */
export class EventStream {
  readonly #factory: LiveFactory;
  readonly #maxClients: number;
  readonly #clients = new Set<EventClient>();
  readonly #stopListening: () => void;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(factory: LiveFactory, maxClients: number) {
    this.#factory = factory;
    this.#maxClients = maxClients;
    this.#stopListening = factory.listen({ onEvent: (event) => this.#send(eventFrame(event)) });
    // Proxies close a silent connection; a comment keeps it open while the twin stands still.
    this.#heartbeat = setInterval(() => this.#send(": alive\n\n"), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  get clients(): number {
    return this.#clients.size;
  }

  get full(): boolean {
    return this.#clients.size >= this.#maxClients;
  }

  /** Sends the factory's state to all. */
  sendState(): void {
    if (this.#clients.size > 0) this.#send(stateFrame(this.#factory));
  }

  /** A new client: it gets the events after `lastEventId` that are still known, the state now, and all that follows. */
  connect(client: EventClient, lastEventId: number): void {
    const missed = this.#factory.events.since(lastEventId).map(eventFrame).join("");
    client.write(`retry: 2000\n\n${missed}${stateFrame(this.#factory)}`);
    client.once("close", () => this.#clients.delete(client));
    this.#clients.add(client);
  }

  close(): void {
    clearInterval(this.#heartbeat);
    this.#stopListening();
    for (const client of this.#clients) client.end();
    this.#clients.clear();
  }

  #send(frame: string): void {
    const bytes = Buffer.from(frame);
    for (const client of this.#clients) {
      if (client.writableLength + bytes.byteLength <= MAX_WAITING_BYTES) {
        client.write(bytes);
        continue;
      }
      this.#clients.delete(client);
      client.destroy();
    }
  }
}

function stateFrame(factory: LiveFactory): string {
  return `event: state\ndata: ${JSON.stringify(factoryState(factory))}\n\n`;
}

function eventFrame(event: LoggedEvent): string {
  return `id: ${event.id}\nevent: event\ndata: ${JSON.stringify(event)}\n\n`;
}
