import type { Store } from "@pulmu/journal";
import { prepareLeadership, takeLeadership, type Leadership } from "@pulmu/power";

/** A right that was not confirmed for longer than this is not relied on: this process may have slept, or the database be gone, ms. */
const SURE_MS = 3_000;

export interface LeaderOptions {
  readonly store: Store;
  /** A clock that does not jump, ms. */
  readonly monotonicMs: () => number;
  /** The right to steer is ours from now on; orders of writes begin here. */
  readonly onGain: (firstOrder: number) => Promise<void>;
  /** It is ours no more: nothing may be written from now on. */
  readonly onLoss: () => Promise<void>;
  /** What goes wrong when nobody waits for it. */
  readonly onError: (error: Error) => void;
}

/**
 * Who steers, among processes that share a database: at most one at a time. The others ask once a second, so one of them follows within
 * a second or two of the end of the one that led, however that came about.
 */
export class Leader {
  readonly #options: LeaderOptions;
  #leadership: Leadership | undefined;
  #confirmedMs = -Infinity;
  #working: Promise<void> | undefined;
  #closed = false;
  #failing = false;

  private constructor(options: LeaderOptions) {
    this.#options = options;
  }

  /** Asks for the right for the first time. @throws PulmuError `store.*` */
  static async open(options: LeaderOptions): Promise<Leader> {
    await prepareLeadership(options.store);
    const leader = new Leader(options);
    await leader.#ask();
    return leader;
  }

  get leads(): boolean {
    return this.#leadership !== undefined;
  }

  /** The right is ours, and was so a moment ago: whoever writes asks this first. */
  get sure(): boolean {
    return this.leads && this.#options.monotonicMs() - this.#confirmedMs <= SURE_MS;
  }

  /** Asks for the right, or whether it is still ours. Call once a second; never fails. */
  tick(): void {
    if (this.#closed) return;
    this.#working ??= this.#ask()
      .then(
        () => void (this.#failing = false),
        (error: unknown) => {
          if (!this.#failing) this.#options.onError(error as Error);
          this.#failing = true;
        },
      )
      .finally(() => (this.#working = undefined));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#working;
    await this.#leadership?.release();
    this.#leadership = undefined;
  }

  async #ask(): Promise<void> {
    const { store, monotonicMs, onGain } = this.#options;
    const askedMs = monotonicMs();
    if (this.#leadership === undefined) {
      const gained = await takeLeadership(store);
      if (gained === undefined) return;
      this.#leadership = gained;
      this.#confirmedMs = askedMs;
      try {
        return await onGain(gained.firstOrder);
      } catch (error) {
        await this.#giveUp(); // who cannot use it leaves it to others
        throw error;
      }
    }
    if (await this.#leadership.confirm()) this.#confirmedMs = askedMs;
    else await this.#giveUp();
  }

  async #giveUp(): Promise<void> {
    const lost = this.#leadership;
    this.#leadership = undefined;
    await this.#options.onLoss();
    await lost?.release();
  }
}
