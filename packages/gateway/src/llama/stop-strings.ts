/** Watches a text for words that end it, and keeps back what may be the beginning of one. */
export class StopStrings {
  readonly #stops: readonly string[];
  #kept = "";

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  /** What of the text so far may go out; `stopped` where it ends. */
  push(piece: string): { readonly text: string; readonly stopped: boolean } {
    if (this.#stops.length === 0) return { text: piece, stopped: false };
    const text = this.#kept + piece;
    const at = Math.min(...this.#stops.map((stop) => text.indexOf(stop)).filter((index) => index >= 0));
    if (at !== Infinity) return { text: text.slice(0, at), stopped: true };
    const keep = Math.max(...this.#stops.map((stop) => overlap(text, stop)));
    this.#kept = text.slice(text.length - keep);
    return { text: text.slice(0, text.length - keep), stopped: false };
  }

  /** What was kept back, when no more comes. */
  end(): string {
    return this.#kept;
  }
}

/** Longest end of `text` that `stop` begins with. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) if (text.endsWith(stop.slice(0, length))) return length;
  return 0;
}
