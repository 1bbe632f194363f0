import { prepareJournal, type Store } from "@pulmu/journal";
import { prepareLedger, type Calendar } from "@pulmu/ledger";
import type { LiveBus } from "../../bus/live-bus.ts";
import { Chronicle } from "../../steer/chronicle.ts";
import { Leader } from "../../steer/leader.ts";
import type { Steering } from "../../steer/steering.ts";

type Note = (severity: "info" | "warning", text: string) => void;

export interface OperationOptions {
  /** Where the right to steer is kept, and load targets are. */
  readonly store: Store;
  /** Other processes may want to steer the same site: at most one does. */
  readonly shared: boolean;
  readonly note: Note;
}

/**
 * How `pulmu up` operates a site: steers it, answers the grid, and writes down what it does; or stands by, where another process does, and
 * follows it within seconds of its end.
 */
export class Operation {
  readonly chronicle: Chronicle;
  readonly #options: OperationOptions;
  #steering: Steering | undefined;
  #bus: LiveBus | undefined;
  #leader: Leader | undefined;

  constructor(options: OperationOptions) {
    this.#options = options;
    this.chronicle = new Chronicle(Date.now, (text) => options.note("warning", text));
  }

  /**
   * Steers from now on, or stands by; without steering, load targets are ceilings and nothing more.
   * @throws PulmuError `store.*`, and as `OperatorSide.lead` does
   */
  async begin(steering: Steering | undefined, bus: LiveBus | undefined): Promise<void> {
    const { store, shared, note } = this.#options;
    this.#steering = steering;
    this.#bus = bus;
    if (steering === undefined || !shared) return this.#lead(1);
    this.#leader = await Leader.open({
      store,
      monotonicMs: () => performance.now(),
      onGain: async (firstOrder) => {
        await this.#lead(firstOrder);
        if (this.#leader !== undefined) note("info", "steers from now on: the one that did is gone");
      },
      onLoss: async () => {
        note("warning", `the right to steer is lost (${store.place}): stands by`);
        await this.#standBy();
      },
      onError: (error) => note("warning", `right to steer: ${error.message}`),
    });
    if (!this.leads) note("warning", `stands by: another pulmu steers, by its right in ${store.place}`);
  }

  /** Answers the grid on this bus, too, if it leads. @throws PulmuError as `OperatorSide.lead` does */
  async join(bus: LiveBus): Promise<void> {
    this.#bus = bus;
    if (!this.leads) return;
    await bus.operator?.lead(this.#steering);
    await this.#steering?.events.resume();
  }

  get leads(): boolean {
    return this.#leader?.leads ?? true;
  }

  /** One second of the plant. */
  second(): void {
    if (this.#leader === undefined || this.#leader.sure) this.#steering?.second();
  }

  /** Call once a second of this machine's. */
  tick(): void {
    this.#leader?.tick();
  }

  /**
   * Writes into the accounts that are kept, or else beside the load targets. Comes before the grid is answered: what earlier processes
   * wrote of targets that still hold is looked up there.
   * @throws PulmuError `store.*`
   */
  async write(accounts: { readonly store: Store; readonly calendar: Calendar } | undefined, utcOffsetMin: number): Promise<Store> {
    const books = accounts ?? { store: this.#options.store, calendar: { utcOffsetMin } };
    if (accounts === undefined) {
      await prepareJournal(books.store);
      await prepareLedger(books.store, books.calendar);
    }
    this.chronicle.open(books);
    return books.store;
  }

  async close(): Promise<void> {
    await this.#standBy();
    await this.#leader?.close();
    await this.chronicle.close();
  }

  async #lead(firstOrder: number): Promise<void> {
    await this.#bus?.operator?.lead(this.#steering);
    await this.#steering?.events.resume();
    this.#steering?.lead(firstOrder);
  }

  async #standBy(): Promise<void> {
    await this.#steering?.standBy();
    await this.#bus?.operator?.standBy();
  }
}
