import assert from "node:assert/strict";
import { test } from "node:test";
import type { Upstream } from "../upstreams/upstream.ts";
import { chooseReplica } from "./choose-replica.ts";
import { hashText, Replica } from "./replica.ts";

const upstream = {} as Upstream;
const replicas = (...ids: string[]) => ids.map((id) => new Replica({ id, upstream }));
const NONE: ReadonlySet<Replica> = new Set();

test("a prompt stays with its replica when another joins, unless it becomes the newcomer's", () => {
  const before = replicas("a", "b", "c");
  const after = replicas("a", "b", "c", "d");
  let moved = 0;
  for (let i = 0; i < 1_000; i++) {
    const hash = hashText(`prompt ${i}`);
    const [old, now] = [chooseReplica(before, hash, 0.5, 0, NONE)!.spec.id, chooseReplica(after, hash, 0.5, 0, NONE)!.spec.id];
    if (old === now) continue;
    assert.equal(now, "d");
    moved++;
  }
  assert.ok(moved > 150 && moved < 350, `${moved} of 1,000 moved`);
});

test("a replica that is much busier than another gives way; a little busier does not matter", () => {
  const [a, b] = replicas("a", "b");
  const hash = hashText("prompt");
  const home = chooseReplica([a, b], hash, 0, 0, NONE)!;
  for (let i = 0; i < 4; i++) home.begin();
  assert.equal(chooseReplica([a, b], hash, 0, 0, NONE), home);
  home.begin();
  assert.notEqual(chooseReplica([a, b], hash, 0, 0, NONE), home);
});

test("three failures in a row let a replica rest; then one request tries it, and its success opens it", () => {
  const [replica] = replicas("a");
  const fail = (nowMs: number) => {
    replica.begin();
    replica.end(false, nowMs);
  };
  for (let i = 0; i < 3; i++) fail(1_000);
  assert.equal(replica.available(1_999), false);
  assert.equal(replica.available(2_000), true);
  replica.begin();
  assert.equal(replica.available(2_000), false, "one at a time");
  replica.end(false, 2_000);
  assert.equal(replica.available(3_999), false, "twice as long");
  replica.begin();
  replica.end(true, 4_000);
  assert.equal(replica.state, "up");
});

test("one missed health check of a replica that was well is a busy moment, the second is not; one that never was well gets nothing", () => {
  const [a] = replicas("a");
  a.checked(true);
  a.checked(false);
  assert.equal(a.state, "up");
  a.checked(false);
  assert.equal(a.state, "down");
  a.checked(true);
  assert.equal(a.state, "up");
});

test("a replica that is down or drains gets nothing", () => {
  const [a, b] = replicas("a", "b");
  a.checked(false);
  b.update({ ...b.spec, draining: true });
  assert.equal(chooseReplica([a, b], 1, 0.5, 0, NONE), undefined);
  a.checked(true);
  assert.equal(chooseReplica([a, b], 1, 0.5, 0, NONE), a);
});
