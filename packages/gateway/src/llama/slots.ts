import type { Sequence, Token } from "./library.ts";

/** A place for one conversation at a time. What it holds afterwards is remembered for who has the same salt. */
export interface Slot {
  readonly sequence: Sequence;
  /** Whose prompts its memory is of. */
  salt: string;
}

interface Waiting {
  readonly tokens: readonly Token[];
  readonly salt: string;
  enter(slot: Slot): void;
}

/** Requests that wait for a slot; beyond, they are turned away. */
const MAX_WAITING = 256;

/**
 * Hands out the places of a model. A request gets the free one that remembers most of its prompt, among those whose last had the same
 * salt: nobody's prompt is answered sooner because somebody else asked it before.
 */
export class Slots {
  readonly #free: Slot[];
  readonly #waiting: Waiting[] = [];

  constructor(sequences: readonly Sequence[]) {
    this.#free = sequences.map((sequence) => ({ sequence, salt: "" }));
  }

  get full(): boolean {
    return this.#free.length === 0 && this.#waiting.length >= MAX_WAITING;
  }

  /** Waits for a slot. Undefined: the caller left before. */
  async enter(tokens: readonly Token[], salt: string, signal: AbortSignal): Promise<Slot | undefined> {
    if (this.#free.length > 0) return this.#take(tokens, salt);
    const { promise, resolve } = Promise.withResolvers<Slot | undefined>();
    const waiting: Waiting = { tokens, salt, enter: resolve };
    this.#waiting.push(waiting);
    const leave = () => {
      const at = this.#waiting.indexOf(waiting);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      resolve(undefined);
    };
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    const slot = await promise;
    signal.removeEventListener("abort", leave);
    return slot;
  }

  leave(slot: Slot): void {
    this.#free.push(slot);
    const next = this.#waiting.shift();
    next?.enter(this.#take(next.tokens, next.salt));
  }

  #take(tokens: readonly Token[], salt: string): Slot {
    const known = ({ sequence, salt: theirs }: Slot) => (theirs === salt ? sequence.compareContextTokens(tokens).firstDifferentIndex : -1);
    const best = this.#free.reduce((a, b) => (known(b) > known(a) ? b : a));
    this.#free.splice(this.#free.indexOf(best), 1);
    return best;
  }
}
