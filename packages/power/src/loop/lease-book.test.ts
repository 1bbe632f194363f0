import assert from "node:assert/strict";
import { test } from "node:test";
import { random, type Random } from "@pulmu/units";
import fc from "fast-check";
import { FakeDevice } from "../testing/fake-devices.ts";
import { LEASE_TERMS, LeaseBook } from "./lease-book.ts";

const { highMs, lowMs, deliverWithinMs } = LEASE_TERMS;
const TICK_MS = 500;

/**
 * A controller that writes at random, bound by the book alone: nothing that raises the sum of liabilities above the budget, and no lease
 * above a fallback made longer while the sum does not fit. Writes and answers are lost, late, doubled and out of order.
 */
class WildRun {
  readonly #devices: readonly FakeDevice[];
  readonly #budgetW: number;
  readonly #random: Random;
  readonly #channel: { readonly dueMs: number; readonly deliver: () => void }[] = [];
  #book: LeaseBook;
  #order: number;
  nowMs = 0;
  writes = 0;
  raises = 0;

  constructor(seed: number, fallbackW: readonly number[], budgetW: number) {
    this.#devices = fallbackW.map((w) => new FakeDevice(w));
    this.#budgetW = budgetW;
    this.#random = random(seed);
    this.#order = 0;
    this.#book = this.restart();
  }

  restart(): LeaseBook {
    this.#order = Math.floor(this.#order / 1e6) * 1e6 + 1e6;
    const fallbackW = Float64Array.from(this.#devices, (device) => device.fallbackW);
    this.#book = new LeaseBook(
      fallbackW,
      fallbackW.map((w) => w * 2),
      this.#order,
      this.nowMs,
    );
    return this.#book;
  }

  pass(ms: number, controlled: boolean, reach: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += TICK_MS) {
      for (let i = this.#channel.length - 1; i >= 0; i--) if (this.#channel[i].dueMs <= this.nowMs) this.#channel.splice(i, 1)[0].deliver();
      if (controlled && this.nowMs % 1000 === 0) this.#control(reach);
      const sumW = this.#devices.reduce((sum, device) => sum + device.inForceW(this.nowMs), 0);
      assert.ok(sumW <= this.#budgetW + 1e-6, `${sumW} W in force of ${this.#budgetW} W at ${this.nowMs} ms`);
    }
  }

  #control(reach: number): void {
    const draw = () => this.#random.next();
    const { nowMs } = this;
    this.#devices.forEach((device, rack) => {
      if (draw() < 0.4) this.#ask(device, rack, reach);
      if (draw() < 0.5) return;
      const liableW = this.#book.liabilityW(rack, nowMs);
      const othersW = this.#devices.reduce((sum, _, r) => (r === rack ? sum : sum + this.#book.liabilityW(r, nowMs)), 0);
      let limitW = Math.floor(device.fallbackW * 2 * draw());
      if (draw() < 0.3) limitW = this.#book.inForceW(rack, nowMs);
      const release = draw() < 0.1;
      const inForceW = release ? device.fallbackW : limitW;
      const fits = othersW + Math.max(liableW, inForceW) <= this.#budgetW;
      if (!fits && inForceW > this.#book.leastW(rack, nowMs)) return;
      const high = fits ? highMs : this.#book.notLongerMs(rack, nowMs);
      const validForMs = release ? 0 : limitW <= device.fallbackW ? lowMs : high;
      if (validForMs === 0 && !release) return;
      this.writes++;
      if (inForceW > liableW) this.raises++;
      this.#send(device, rack, { limitW, validForMs, order: this.#order++ }, reach);
    });
  }

  #send(device: FakeDevice, rack: number, write: { limitW: number; validForMs: number; order: number }, reach: number): void {
    this.#book.sent(rack, write.limitW, write.validForMs, write.order, this.nowMs);
    const copies = this.#random.next() < 0.2 ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const dueMs = this.nowMs + (this.#random.next() < 0.6 ? 0 : this.#random.next() * deliverWithinMs);
      if (this.#random.next() < reach) {
        this.#channel.push({
          dueMs,
          deliver: () => device.take({ gpuCapW: write.limitW, validForMs: write.validForMs, order: write.order }, this.nowMs),
        });
      }
    }
  }

  #ask(device: FakeDevice, rack: number, reach: number): void {
    const askedMs = this.nowMs;
    const book = this.#book;
    if (this.#random.next() > reach) return;
    this.#channel.push({
      dueMs: askedMs + this.#random.next() * 2000,
      deliver: () => {
        const report = device.report(this.nowMs);
        const answer = () => book.reported({ rack, askedMs, receivedMs: this.nowMs, ...report }, report.gpuCapW);
        for (let i = 0; i < 2; i++) this.#channel.push({ dueMs: this.nowMs + this.#random.next() * 8000, deliver: answer });
      },
    });
  }
}

test("given any writes that the book allows, losses, delays, deaths and successors, the sum in force never passes the budget", () => {
  let writes = 0;
  let raises = 0;
  fc.assert(
    fc.property(
      fc.nat(),
      fc.array(fc.integer({ min: 20, max: 100 }), { minLength: 2, maxLength: 6 }),
      fc.double({ min: 1, max: 1.6, noNaN: true }),
      fc.constantFrom(1, 0.9, 0.5),
      (seed, fallbackW, share, reach) => {
        const budgetW = fallbackW.reduce((sum, w) => sum + w, 0) * share;
        const run = new WildRun(seed, fallbackW, budgetW);
        run.pass(400_000, true, reach);
        run.restart();
        run.pass(200_000, true, reach);
        run.pass(5000, false, reach);
        run.restart();
        run.pass(200_000, true, 1);
        run.pass(300_000, false, reach);
        writes += run.writes;
        raises += run.raises;
      },
    ),
    { numRuns: 150 },
  );
  assert.ok(writes > 10_000 && raises > 1000, `${writes} writes, ${raises} raises`);
});

test("given a lease below the fallback that nobody renews, the device is liable for its fallback before any lease above could outlive it", () => {
  const book = new LeaseBook(Float64Array.from([80]), Float64Array.from([160]), 1, -1e9);
  book.reported({ rack: 0, order: 0, gpuCapW: 0, clockLimit: 1, remainingMs: 0, askedMs: 0, receivedMs: 0 }, 0);
  book.sent(0, 50, lowMs, 1, 0);
  assert.equal(book.liabilityW(0, 0), 80, "not confirmed yet");
  book.reported({ rack: 0, order: 1, gpuCapW: 50, clockLimit: 1, remainingMs: lowMs, askedMs: 500, receivedMs: 900 }, 50);
  assert.equal(book.liabilityW(0, 1000), 50);
  assert.equal(book.liabilityW(0, 500 + lowMs - book.horizonMs - 1), 50);
  assert.equal(book.liabilityW(0, 500 + lowMs - book.horizonMs), 80);
  assert.equal(book.inForceW(0, 500 + lowMs - book.horizonMs), 50);
});
