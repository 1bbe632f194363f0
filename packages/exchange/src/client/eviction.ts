/** A connection that lives shorter than this was not lost by chance, ms. */
const SHORT_MS = 5_000;
/** After so many in a row we say what it looks like. */
const IN_A_ROW = 3;

/** Tells "the broker throws us out again and again" from "the network is bad". MQTT 3.1.1 gives no reason when it closes a connection. */
export class EvictionWatch {
  #connectedMs: number | undefined;
  #short = 0;

  connected(nowMs: number): void {
    this.#connectedMs = nowMs;
  }

  /** False when there was no connection to lose. */
  lost(nowMs: number): boolean {
    if (this.#connectedMs === undefined) return false;
    this.#short = nowMs - this.#connectedMs < SHORT_MS ? this.#short + 1 : 0;
    this.#connectedMs = undefined;
    return true;
  }

  get likely(): boolean {
    return this.#short >= IN_A_ROW;
  }
}
