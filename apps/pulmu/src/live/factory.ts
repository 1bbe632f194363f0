import { type EventWords, type JobRow, type Kpis, type ServiceRow, type Simulation, type TwinEvent } from "@pulmu/twin";
import type { Steering } from "../steer/steering.ts";
import { EventLog, type LoggedEvent } from "./event-log.ts";
import { History } from "./history.ts";

/** A day at one row a second. */
const HISTORY_S = 86_400;
const EVENTS_KEPT = 1_000;

/** What stays the same while the factory runs. */
export interface FactoryInfo {
  /** Where the requests come from, in words: a trace by name, or the fitted synthetic workload. */
  readonly workloadSource: string;
  /** Simulated seconds for each second on the wall. */
  readonly speed: number;
}

/** Told of events as they are logged, and of each second as it is over. */
export interface FactoryListener {
  onEvent?(event: LoggedEvent): void;
  onSecond?(): void;
}

/**
 * The running twin with a memory: the last day of the site's series and the last events. Whoever shows the factory
 * (terminal, HTTP, metrics) reads it from here; costly views are made once a simulated second, and only when asked for.
 */
export class LiveFactory {
  readonly info: FactoryInfo;
  readonly history: History;
  readonly events = new EventLog(EVENTS_KEPT);
  /** Who holds the racks to their limits; undefined where nobody does. */
  steering: Steering | undefined;
  readonly #engine: Simulation;
  #seen: Simulation;
  readonly #listeners = new Set<FactoryListener>();
  readonly #views = new Map<string, { readonly atS: number; readonly value: unknown }>();

  constructor(engine: Simulation, info: FactoryInfo) {
    this.#engine = engine;
    this.#seen = engine;
    this.info = info;
    this.history = new History(engine.scenario.startMs, HISTORY_S);
  }

  /** The factory as it is seen: the twin itself, or what its instruments say on the bus. */
  get simulation(): Simulation {
    return this.#seen;
  }

  /** Shows the plant by its instruments from now on. */
  see(seen: Simulation): void {
    this.#seen = seen;
    this.#views.clear();
  }

  /** Runs the twin for a number of seconds. */
  advance(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      this.#engine.step();
      if (this.simulation !== this.#engine) this.simulation.step();
      this.history.push(this.simulation.atS, this.simulation.row);
      for (const listener of this.#listeners) listener.onSecond?.();
    }
    for (const event of this.simulation.takeEvents()) this.#log(event);
  }

  /** Puts a remark of the program itself among the factory's events. */
  note(severity: TwinEvent["severity"], text: string, words?: EventWords): void {
    this.#log({ atS: this.simulation.atS, kind: "note", severity, subject: "pulmu", text, ...(words !== undefined && { words }) });
  }

  listen(listener: FactoryListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  jobs(): readonly JobRow[] {
    return this.view("jobs", () => this.simulation.jobs());
  }

  services(): readonly ServiceRow[] {
    return this.view("services", () => this.simulation.services());
  }

  kpis(): Kpis {
    return this.view("kpis", () => this.simulation.kpis());
  }

  /** What `make` makes, remembered until the twin's next second. */
  view<T>(name: string, make: () => T): T {
    const known = this.#views.get(name);
    if (known !== undefined && known.atS === this.simulation.atS) return known.value as T;
    const value = make();
    this.#views.set(name, { atS: this.simulation.atS, value });
    return value;
  }

  #log(event: TwinEvent): void {
    const logged = this.events.add(event, this.simulation.scenario.startMs + event.atS * 1000);
    for (const listener of this.#listeners) listener.onEvent?.(logged);
  }
}
