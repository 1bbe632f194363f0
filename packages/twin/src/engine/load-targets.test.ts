import assert from "node:assert/strict";
import { test } from "node:test";
import { LoadTargets } from "./load-targets.ts";

const FEEDS = ["a", "b"];
const always = { fromS: 0, untilS: Infinity };

test("the target set last wins, and lifting it resets", () => {
  const targets = new LoadTargets();
  assert.equal(targets.siteLimitW(1, FEEDS), NaN);
  targets.set({ feedTag: undefined, fromS: 0, untilS: 100, limitW: 50 });
  targets.set({ feedTag: undefined, fromS: 10, untilS: 20, limitW: 80 });
  assert.equal(targets.siteLimitW(5, FEEDS), 50);
  assert.equal(targets.siteLimitW(10, FEEDS), 80);
  assert.equal(targets.siteLimitW(20, FEEDS), 50);
  targets.set({ feedTag: undefined, ...always, limitW: undefined });
  assert.equal(targets.siteLimitW(30, FEEDS), NaN);
});

test("targets on single feeds bind the site when every feed has one; the tighter of feeds and site holds", () => {
  const targets = new LoadTargets();
  targets.set({ feedTag: "a", ...always, limitW: 30 });
  assert.equal(targets.siteLimitW(1, FEEDS), NaN);
  targets.set({ feedTag: "b", ...always, limitW: 20 });
  assert.equal(targets.siteLimitW(1, FEEDS), 50);
  targets.set({ feedTag: undefined, ...always, limitW: 45 });
  assert.equal(targets.siteLimitW(1, FEEDS), 45);
});

test("forgetting what is over does not change what holds", () => {
  const targets = new LoadTargets();
  targets.set({ feedTag: undefined, fromS: 0, untilS: 10, limitW: 1 });
  targets.set({ feedTag: undefined, fromS: 7000, untilS: 8000, limitW: 2 });
  assert.equal(targets.siteLimitW(3600, FEEDS), NaN);
  assert.equal(targets.siteLimitW(7200, FEEDS), 2);
});
