import { useSyncExternalStore } from "react";
import type { FactoryEvent, FactoryState } from "./types.ts";

/** States come once a second; after so long without one, what is shown is no longer now. */
const STALE_AFTER_MS = 4_000;
/** A stream that has been dead so long is opened again: the browser gives up on some errors. */
const REOPEN_AFTER_MS = 10_000;
const LOOK_EVERY_MS = 1_000;
/** Events kept in the page: older ones are forgotten. */
const EVENTS_KEPT = 200;
const GATHER_MS = 100;

export interface Live {
  readonly state: FactoryState | undefined;
  /** Newest first. */
  readonly events: readonly FactoryEvent[];
  /** By this machine's own clock, which need not agree with the plant's. */
  readonly receivedMs: number;
  readonly isStale: boolean;
}

/** The factory's stream of server-sent events: the state each second, and what happens. One for the whole page. */
class LiveStore {
  #live: Live = { state: undefined, events: [], receivedMs: 0, isStale: false };
  #source: EventSource | undefined;
  #openedMs = 0;
  readonly #heard: FactoryEvent[] = [];
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly get = (): Live => this.#live;

  /** Before the first picture: the state is there when the page is. */
  start(): void {
    this.#open();
    setInterval(() => this.#look(), LOOK_EVERY_MS);
    addEventListener("online", () => this.#open());
  }

  #open(): void {
    this.#source?.close();
    this.#openedMs = performance.now();
    const source = new EventSource("/api/events");
    source.addEventListener("state", (message) => {
      this.#set({ state: JSON.parse(message.data) as FactoryState, receivedMs: performance.now(), isStale: false });
    });
    source.addEventListener("event", (message) => this.#hear(JSON.parse(message.data) as FactoryEvent));
    this.#source = source;
  }

  /** A flood of events is taken in as one change of the page. */
  #hear(event: FactoryEvent): void {
    if (this.#heard.push(event) === 1) setTimeout(() => this.#takeIn(), GATHER_MS);
    if (this.#heard.length > 2 * EVENTS_KEPT) this.#heard.splice(0, EVENTS_KEPT);
  }

  /** Events come again after a lost connection, and start at 1 again with a new factory. */
  #takeIn(): void {
    const known = new Map([...this.#live.events, ...this.#heard.splice(0)].map((event) => [`${event.id} ${event.atMs}`, event]));
    this.#set({ events: [...known.values()].toSorted((a, b) => b.atMs - a.atMs || b.id - a.id).slice(0, EVENTS_KEPT) });
  }

  #look(): void {
    const silentMs = performance.now() - Math.max(this.#live.receivedMs, this.#openedMs);
    if (silentMs > STALE_AFTER_MS && !this.#live.isStale) this.#set({ isStale: true });
    if (silentMs > REOPEN_AFTER_MS) this.#open();
  }

  #set(change: Partial<Live>): void {
    this.#live = { ...this.#live, ...change };
    for (const listener of this.#listeners) listener();
  }
}

const store = new LiveStore();

/** Listens to the factory from now on, as long as the page lives. */
export const startLive = (): void => store.start();

export function useLive(): Live {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** Only whether what is shown is old: for parts that need not follow each second. */
export function useIsStale(): boolean {
  return useSyncExternalStore(store.subscribe, () => store.get().isStale);
}

export function useLiveEvents(): readonly FactoryEvent[] {
  return useSyncExternalStore(store.subscribe, () => store.get().events);
}
