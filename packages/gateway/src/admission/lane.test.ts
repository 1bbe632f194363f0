import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "../refusal.ts";
import type { Curtailment, ServiceClass } from "./capacity.ts";
import { Lane, type Place } from "./lane.ts";

/** A lane of some places whose clock and power the test turns. */
function lane(places: number) {
  const world = { nowMs: 1_000_000, curtailment: undefined as Curtailment | undefined };
  const made = new Lane(places, { curtailment: () => world.curtailment }, () => world.nowMs);
  const arrive = (tenantId: string, serviceClass: ServiceClass, cost = 100) => ({ tenantId, serviceClass, cost, nowMs: world.nowMs });
  return { world, lane: made, arrive };
}

test("places are given until there are none; the last are kept for critical work", () => {
  const { lane: deployment, arrive } = lane(10);
  for (let i = 0; i < 8; i++) assert.ok(deployment.tryEnter(arrive("a", "flexible")));
  assert.equal(deployment.tryEnter(arrive("a", "flexible")), undefined);
  assert.ok(deployment.tryEnter(arrive("a", "standard")));
  assert.ok(deployment.tryEnter(arrive("a", "standard")));
  assert.equal(deployment.tryEnter(arrive("a", "standard")), undefined);
  assert.equal(deployment.tryEnter(arrive("a", "critical")), undefined);
  assert.equal(deployment.taken, 10);
});

test("who waits comes in by class, then tenant by tenant, however many one tenant sends", async () => {
  const { lane: deployment, arrive } = lane(1);
  const first = deployment.tryEnter(arrive("a", "critical"))!;
  const order: string[] = [];
  let current: Place = first;
  const wait = (name: string, tenantId: string, serviceClass: ServiceClass) =>
    deployment
      .wait(arrive(tenantId, serviceClass), () => {})
      .then((place) => {
        order.push(name);
        current = place;
      });
  const all = [
    wait("a1", "a", "standard"),
    wait("a2", "a", "standard"),
    wait("a3", "a", "standard"),
    wait("b1", "b", "standard"),
    wait("flexible", "b", "flexible"),
    wait("critical", "c", "critical"),
  ];
  for (let i = 0; i < all.length; i++) {
    current.leave();
    await new Promise(setImmediate);
  }
  await Promise.all(all);
  assert.deepEqual(order, ["critical", "a1", "b1", "a2", "a3", "flexible"]);
});

test("a tenant that asks for large answers gets fewer turns", async () => {
  const { lane: deployment, arrive } = lane(1);
  let current = deployment.tryEnter(arrive("x", "critical"))!;
  const order: string[] = [];
  const all = ["L1", "L2", "s1", "s2", "s3"].map((name) =>
    deployment
      .wait(arrive(name[0], "standard", name.startsWith("L") ? 300 : 100), () => {})
      .then((place) => {
        order.push(name);
        current = place;
      }),
  );
  for (let i = 0; i < all.length; i++) {
    current.leave();
    await new Promise(setImmediate);
  }
  await Promise.all(all);
  assert.deepEqual(order, ["L1", "s1", "s2", "s3", "L2"]);
});

test("a long curtailment refuses flexible work with its reason and its end; critical and standard work go on", async () => {
  const { world, lane: deployment, arrive } = lane(10);
  world.curtailment = { reason: "grid target 48 MW", untilMs: world.nowMs + 3_600_000, flexibleShare: 0 };
  assert.equal(deployment.tryEnter(arrive("a", "flexible")), undefined);
  await assert.rejects(
    deployment.wait(arrive("a", "flexible"), () => {}),
    (error: Refusal) => {
      assert.match(error.message, /grid target 48 MW/);
      assert.deepEqual([error.details.status, error.details.code, error.details.retryAfterS], [503, "power_curtailment", 3_600]);
      return true;
    },
  );
  assert.ok(deployment.tryEnter(arrive("a", "critical")));
  assert.ok(deployment.tryEnter(arrive("a", "standard")));
});

test("a short curtailment delays flexible work until it is over, and the answer can say why", async () => {
  const { world, lane: deployment, arrive } = lane(10);
  world.curtailment = { reason: "grid target 48 MW", untilMs: world.nowMs + 10_000, flexibleShare: 0 };
  const place = deployment.wait(arrive("a", "flexible"), () => {});
  deployment.pump();
  assert.equal(deployment.waiting, 1);
  world.nowMs += 10_000;
  world.curtailment = undefined;
  deployment.pump();
  assert.deepEqual([(await place).waitedMs, (await place).curtailment?.reason], [10_000, "grid target 48 MW"]);
});

test("half the power leaves flexible work half its places", () => {
  const { world, lane: deployment, arrive } = lane(10);
  world.curtailment = { reason: "grid target", untilMs: undefined, flexibleShare: 0.5 };
  for (let i = 0; i < 4; i++) assert.ok(deployment.tryEnter(arrive("a", "flexible")));
  assert.equal(deployment.tryEnter(arrive("a", "flexible")), undefined);
});

test("who waits too long is told to come back, and who leaves is forgotten", async () => {
  const { world, lane: deployment, arrive } = lane(1);
  deployment.tryEnter(arrive("a", "critical"));
  const late = deployment.wait(arrive("a", "standard"), () => {});
  let leave = () => {};
  const left = deployment.wait(arrive("a", "standard"), (call) => (leave = call));
  leave();
  await assert.rejects(left, { message: "the caller left" });
  world.nowMs += 30_000;
  deployment.pump();
  await assert.rejects(late, (error: Refusal) => error.details.code === "overloaded");
  assert.equal(deployment.waiting, 0);
});
