import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite } from "@pulmu/site";
import { PulmuError } from "@pulmu/units";
import fc from "fast-check";
import { Envelope } from "./envelope.ts";
import { judgeTargets, type LoadTarget } from "./load-target.ts";
import { MAX_STRETCHES, TargetBook } from "./target-book.ts";

const NOW_MS = Date.UTC(2027, 7, 11, 9);
const MINUTE_MS = 60_000;
const site = loadSite(`${import.meta.dirname}/../../../../sites/gak-sejong.yaml`, { catalog: loadCatalog() });
const bounds = () => ({ minimumW: 20e6, maximumW: 55e6 });

const target = (change: Partial<LoadTarget> = {}): LoadTarget => ({
  id: "event-1",
  feedTag: undefined,
  fromMs: NOW_MS,
  untilMs: NOW_MS + 30 * MINUTE_MS,
  limitW: 40e6,
  strategy: "firm",
  ...change,
});

const refused = (code: string, ...targets: readonly LoadTarget[]) =>
  assert.throws(
    () => judgeTargets(targets, site, bounds, NOW_MS),
    (error) => error instanceof PulmuError && error.code === code && error.problems.every(({ rule }) => rule.length > 10),
  );

test("a target that is over already is refused", () => refused("power.target-past", target({ fromMs: NOW_MS - 2, untilMs: NOW_MS - 1 })));
test("a target without length is refused", () => refused("power.target-empty", target({ untilMs: NOW_MS })));
test("a target that ends before it starts is refused", () => refused("power.target-empty", target({ untilMs: NOW_MS - 1 })));
test("a negative limit is refused", () => refused("power.target-power", target({ limitW: -1 })));
test("a limit that is no number is refused", () => refused("power.target-power", target({ limitW: NaN })));
test("a target at no time is refused", () => refused("power.target-time", target({ fromMs: NaN })));
test("a firm target below what the lowest caps reach is refused", () => refused("power.target-below-minimum", target({ limitW: 10e6 })));

test("an unknown feed is refused with the feeds there are, and the one that was meant", () => {
  assert.throws(
    () => judgeTargets([target({ feedTag: "main-c" })], site, bounds, NOW_MS),
    /targets\[0\]\.feed: main-c: the site has no such feed; it has main-a, main-b \(did you mean main-a\?\)/,
  );
});

test("two limits for one feed at one moment in one message are refused, the same limit twice is not", () => {
  const later = { fromMs: NOW_MS + 10 * MINUTE_MS, untilMs: NOW_MS + 20 * MINUTE_MS };
  refused("power.target-contradiction", target(), target({ ...later, limitW: 30e6 }));
  assert.equal(judgeTargets([target(), target(later)], site, bounds, NOW_MS).length, 2);
  assert.equal(judgeTargets([target(), target({ ...later, feedTag: "main-a", limitW: 30e6 })], site, bounds, NOW_MS).length, 2);
});

test("one bad target of a list refuses the list, and all bad ones are named", () => {
  assert.throws(
    () => judgeTargets([target({ limitW: -1 }), target(), target({ id: "", untilMs: NOW_MS })], site, bounds, NOW_MS),
    (error) => error instanceof PulmuError && error.problems.length === 3,
  );
});

test("a best-effort target below the minimum is taken at the minimum, one above the contract at the contract, and both say so", () => {
  const [low, high] = judgeTargets(
    [target({ limitW: 10e6, strategy: "best-effort" }), target({ feedTag: "main-a", limitW: 90e6 })],
    site,
    bounds,
    NOW_MS,
  );
  assert.deepEqual([low.target.limitW, high.target.limitW], [20e6, 55e6]);
  assert.match(low.repaired ?? "", /10\.0 MW cannot be reached: with every device at its lowest cap the site still may draw 20\.0 MW/);
  assert.match(high.repaired ?? "", /more than the contract allows/);
});

test("given 10,000 targets at once, in any order, they are taken and found; one more is refused and changes nothing", () => {
  const many = Array.from({ length: MAX_STRETCHES }, (_, i) =>
    target({ id: `e${i}`, fromMs: NOW_MS + i * MINUTE_MS, untilMs: NOW_MS + (i + 1) * MINUTE_MS, limitW: 30e6 + i }),
  );
  const book = new TargetBook();
  book.set(
    judgeTargets(many.toReversed(), site, bounds, NOW_MS).map((accepted) => accepted.target),
    NOW_MS,
  );
  for (const i of [0, 4711, 9999]) assert.equal(book.at(undefined, NOW_MS + i * MINUTE_MS + 1)?.target.limitW, 30e6 + i);
  assert.throws(() => book.set([target({ fromMs: NOW_MS + 1e12, untilMs: NOW_MS + 2e12 })], NOW_MS), /more than 10000 stretches/);
  assert.equal(book.at(undefined, NOW_MS + 1.5e12), undefined);
});

test("given targets set one after the other, at any instant the last one set that covers it holds, and null takes back", () => {
  const anyTarget = fc.record({
    from: fc.nat(40),
    length: fc.integer({ min: 1, max: 20 }),
    limit: fc.option(fc.integer({ min: 20, max: 50 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(anyTarget, { maxLength: 12 }), (set) => {
      const book = new TargetBook();
      for (const { from, length, limit } of set) book.set([target({ fromMs: from, untilMs: from + length, limitW: limit })], 0);
      for (let at = 0; at < 70; at++) {
        const last = set.findLast(({ from, length }) => from <= at && at < from + length);
        assert.equal(book.at(undefined, at + 0.5)?.target.limitW, last?.limit);
      }
      const stretches = book.of(undefined);
      stretches.forEach(({ fromMs, untilMs }, i) => assert.ok(fromMs < untilMs && (i === 0 || stretches[i - 1].untilMs <= fromMs)));
    }),
  );
});

test("given a target, the limit comes down in a line from the draw, is there in time, and goes up at its rate when the target ends", () => {
  const book = new TargetBook();
  const envelope = new Envelope(site, book);
  book.set([target({ limitW: 30e6 })], NOW_MS);
  const seen: number[] = [];
  for (let s = 0; s <= 30; s++) {
    envelope.advance(NOW_MS + s * 1000, 1, [Math.min(45e6, envelope.scopes[0].limitW), NaN, NaN]);
    seen.push(envelope.scopes[0].limitW);
  }
  assert.ok(seen[0] < 45e6 && seen[0] > 44e6);
  seen.forEach((limitW, s) => assert.ok(s === 0 || limitW <= seen[s - 1]));
  assert.equal(seen[20], 30e6);
  const endMs = NOW_MS + 30 * MINUTE_MS;
  envelope.advance(endMs, 1, [30e6, NaN, NaN]);
  assert.equal(envelope.scopes[0].limitW, 30e6 + 0.02 * 55e6);
  assert.deepEqual(
    envelope.scopes.slice(1).map(({ limitW }) => limitW),
    [55e6, 55e6],
  );
});

test("given a draw that falls further than the limit asks, the limit keeps to its line: the time to come down is used", () => {
  const book = new TargetBook();
  const envelope = new Envelope(site, book);
  book.set([target({ limitW: 30e6 })], NOW_MS);
  for (let s = 0; s < 10; s++) envelope.advance(NOW_MS + s * 1000, 1, [s === 0 ? 45e6 : envelope.scopes[0].limitW - 3e6, NaN, NaN]);
  assert.ok(Math.abs(envelope.scopes[0].limitW - 37.5e6) < 1, `${envelope.scopes[0].limitW} W half way from 45 to 30 MW`);
});

test("given a clock that jumps past the deadline, the limit is at its goal at once", () => {
  const book = new TargetBook();
  const envelope = new Envelope(site, book);
  book.set([target()], NOW_MS);
  envelope.advance(NOW_MS + 5 * MINUTE_MS, 1, [50e6, NaN, NaN]);
  assert.equal(envelope.scopes[0].limitW, 40e6);
});
