import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { LIFE_EVENTS, nextState } from "./life-cycle.ts";
import { HEALTHS, NODE_STATES, type FleetNode } from "./node.ts";

type Facts = Pick<FleetNode, "state" | "health" | "tenantId">;
const step = fc.record({
  event: fc.constantFrom(...LIFE_EVENTS),
  health: fc.constantFrom(...HEALTHS),
  tenantId: fc.constantFrom("snu", undefined),
});

/** A life: the events that could happen, with the states before and after. */
function live(steps: readonly { event: (typeof LIFE_EVENTS)[number]; health: FleetNode["health"]; tenantId: string | undefined }[]) {
  let node: Facts = { state: "provisioning", health: "unknown", tenantId: undefined };
  return steps.flatMap(({ event, health, tenantId }) => {
    const before: Facts = { ...node, health, tenantId };
    const state = nextState(before, event);
    if (state === undefined) return [];
    node = { ...before, state };
    return [{ before, event, after: node }];
  });
}

describe("in any life of a node", () => {
  const forAll = (check: (life: ReturnType<typeof live>) => void) => fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => check(live(steps))), { numRuns: 2_000 }); // prettier-ignore

  test("repair begins when it was drained, and only then", () =>
    forAll((life) => {
      for (const { before, event, after } of life)
        if (after.state === "in-repair" && before.state !== "in-repair") assert.deepEqual([before.state, event], ["draining", "drained"]);
    }));

  test("it serves after a validation alone, first and after each repair", () =>
    forAll((life) => {
      for (const { before, event, after } of life)
        if ((before.state === "provisioning" || before.state === "in-repair") && after.state !== before.state && after.state !== "retired")
          assert.deepEqual([event, after.state], ["validated", "ready"]);
    }));

  test("new work comes only to a ready node that is known to be well", () =>
    forAll((life) => {
      for (const { before, event } of life) if (event === "allocated") assert.deepEqual([before.state, before.health], ["ready", "ok"]);
    }));

  test("a node that is not known to be well never comes out of degraded as well", () =>
    forAll((life) => {
      for (const { before, event } of life) if (event === "recovered") assert.equal(before.health, "ok");
    }));

  test("nothing follows retirement, and nobody's work is retired", () =>
    forAll((life) => {
      for (const { before, after, event } of life) {
        assert.notEqual(before.state, "retired");
        if (event === "retired" && before.state === "ready") assert.equal(before.tenantId, undefined);
        assert.ok(NODE_STATES.includes(after.state));
      }
    }));
});
