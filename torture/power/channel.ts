import type { Random } from "@pulmu/units";
import type { Weather } from "./plan.ts";

/** A bus that loses, delays, doubles and so reorders messages, as its weather is. Deliveries happen when time passes. */
export class Channel {
  readonly #source: Random;
  readonly #onTheirWay: { dueMs: number; readonly turn: number; readonly deliver: () => void }[] = [];
  #turn = 0;

  constructor(source: Random) {
    this.#source = source;
  }

  send({ loss, late, doubled, longestMs }: Weather, nowMs: number, deliver: () => void): void {
    const copies = this.#source.next() < doubled ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.#source.next() < loss) continue;
      const delayMs = this.#source.next() < late ? this.#source.next() * longestMs : 0;
      if (delayMs === 0 && this.#onTheirWay.length === 0) deliver();
      else this.#onTheirWay.push({ dueMs: nowMs + delayMs, turn: this.#turn++, deliver });
    }
  }

  pass(nowMs: number): void {
    const due = this.#onTheirWay.filter(({ dueMs }) => dueMs <= nowMs).toSorted((a, b) => a.dueMs - b.dueMs || a.turn - b.turn);
    if (due.length === 0) return;
    this.#onTheirWay.splice(0, this.#onTheirWay.length, ...this.#onTheirWay.filter(({ dueMs }) => dueMs > nowMs));
    for (const { deliver } of due) deliver();
  }
}
