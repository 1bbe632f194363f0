import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { EngineNode } from "./engine.ts";
import { follow } from "./follow.ts";
import { type Finding, type FleetNode, HEALTHS, isAvailable } from "./node.ts";

const FINDING: Finding = {
  ruleId: "xid-79",
  component: "GPU1",
  severity: "failed",
  remedy: "replace",
  text: "gone",
  firstMs: 0,
  lastMs: 0,
};
const START: FleetNode = { id: "n1", rackId: "r", typeId: "t", serial: "s", gpus: 4, state: "ready", health: "unknown", tenantId: undefined, findings: [], sinceMs: 0, reason: "", owesResume: false, change: 0 }; // prettier-ignore

const engine: fc.Arbitrary<EngineNode | undefined> = fc.option(
  fc.record({
    id: fc.constant("n1"),
    occupancy: fc.constantFrom("empty", "busy", "unknown"),
    draining: fc.boolean(),
    tenantId: fc.constantFrom("snu", "kaist"),
  }),
  { nil: undefined },
);
const round = fc.record({ engine, health: fc.constantFrom(...HEALTHS), mayTakeOut: fc.boolean(), wellLongEnough: fc.boolean() });

describe("whatever sources and engine say of a node", () => {
  const forAll = (check: (before: FleetNode, after: FleetNode, seen: typeof round extends fc.Arbitrary<infer R> ? R : never) => void) =>
    fc.assert(
      fc.property(fc.array(round, { maxLength: 40 }), (rounds) => {
        let node = START;
        for (const seen of rounds) {
          const verdict = { health: seen.health, findings: seen.health === "failed" ? [FINDING] : [] };
          const { node: after } = follow(node, { nodeId: "n1", verdict, engine: seen.engine }, seen);
          check(node, after, seen);
          node = after;
        }
      }),
      { numRuns: 1_000 },
    );

  test("it comes into repair only when the engine says both that nothing new comes and that nothing is there", () =>
    forAll((before, after, seen) => {
      if (after.state === "in-repair" && before.state !== "in-repair") assert.deepEqual([seen.engine?.draining, seen.engine?.occupancy], [true, "empty"]); // prettier-ignore
    }));

  test("it is drained only where it failed and that was allowed, or where the engine drains it already", () =>
    forAll((before, after, seen) => {
      const served = before.state === "ready" || before.state === "allocated" || before.state === "degraded";
      if (served && (after.state === "draining" || after.state === "in-repair"))
        assert.ok((seen.health === "failed" && seen.mayTakeOut) || seen.engine?.draining === true);
    }));

  test("silence moves it nowhere", () =>
    forAll((before, after, seen) => {
      if (seen.engine === undefined && seen.health === "unknown")
        assert.deepEqual([after.state, after.tenantId], [before.state, before.tenantId]);
    }));

  test("it gets new work only when it is known to be well, empty and in service", () =>
    forAll((_, after, seen) => {
      if (isAvailable(after)) assert.deepEqual([seen.health, after.state, after.tenantId], ["ok", "ready", undefined]);
    }));

  test("its tenant is the one whose work the engine names last", () =>
    forAll((_, after, seen) => {
      if (after.state === "in-repair") return;
      if (seen.engine?.occupancy === "busy") assert.equal(after.tenantId, seen.engine.tenantId);
      if (seen.engine?.occupancy === "empty") assert.equal(after.tenantId, undefined);
    }));
});
