import type { TwinEvent } from "@pulmu/twin";

/** An event with its number in this process and its time on the clock. */
export interface LoggedEvent extends TwinEvent {
  /** From 1, without gaps: what a client that was away asks from. */
  readonly id: number;
  readonly atMs: number;
}

/** The last events, numbered. The oldest are forgotten beyond the capacity. */
export class EventLog {
  readonly #capacity: number;
  #events: LoggedEvent[] = [];
  #lastId = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(event: TwinEvent, atMs: number): LoggedEvent {
    const logged = { ...event, id: ++this.#lastId, atMs };
    this.#events.push(logged);
    // Cut in blocks: one shift a time would move the whole array for every event.
    if (this.#events.length >= 2 * this.#capacity) this.#events = this.#events.slice(-this.#capacity);
    return logged;
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** The newest `count` events, oldest first. */
  latest(count: number): readonly LoggedEvent[] {
    return count <= 0 ? [] : this.#events.slice(-Math.min(count, this.#capacity));
  }

  /** The newest `count` events that came before `atMs` or at it and are still known, oldest first. */
  until(atMs: number, count: number): readonly LoggedEvent[] {
    return this.latest(this.#capacity)
      .filter((event) => event.atMs <= atMs)
      .slice(-count);
  }

  /** What came after event `id` and is still known, oldest first. */
  since(id: number): readonly LoggedEvent[] {
    return this.latest(this.#lastId - id);
  }
}
