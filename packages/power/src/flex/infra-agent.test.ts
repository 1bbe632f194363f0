import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptFlexData, type FlexData } from "@pulmu/exchange";
import { idsFrom } from "../testing/flex-run.ts";
import { InfraAgent, type EnforcementOrder } from "./infra-agent.ts";

const AT_MS = Date.UTC(2027, 7, 11, 9);
const [BREACH, TARGET] = [idsFrom(1)(), idsFrom(2)()];
const cap = (resource_id: string, kW: number, priority = 1) =>
  ({ resource_id, resource_type: "chassis", action: "power_cap", priority, target_power: { value: kW, unit: "kilowatt" } }) as const;

function alert(change: Partial<FlexData["grid.powerbreach.alert.v1"]> = {}): FlexData["grid.powerbreach.alert.v1"] {
  return {
    feed_tag: "main-a",
    status: "active",
    severity: "warning",
    breach: { breach_id: BREACH, detected_at: new Date(AT_MS).toISOString() },
    target: { correlation_id: TARGET, load_constraint: { value: 40, unit: "megawatt" } },
    measured_load: { value: 44, unit: "megawatt" },
    infrastructure_actions: [],
    shed_hints: [cap("r1", 90), cap("r2", 100, 2)],
    ...change,
  };
}

const careful = () =>
  new InfraAgent({
    reliefs: ["power_cap"],
    mostHints: 10,
    lastResorts: { SHUTDOWN_RACKS: [{ resourceId: "r9", resourceType: "chassis" }] },
  });
const names = (orders: readonly EnforcementOrder[]) =>
  orders.map(({ resourceId, relief, undo }) => `${undo ? "undo " : ""}${relief} ${resourceId}`);

test("given hints, it carries out those it may, once, and more only when they ask for more", () => {
  const agent = careful();
  const suspend = { resource_id: "r3", resource_type: "chassis", action: "suspend", priority: 3 } as const;
  assert.deepEqual(names(agent.onAlert(alert({ shed_hints: [cap("r1", 90), cap("r2", 100, 2), suspend] }))), [
    "power_cap r1",
    "power_cap r2",
  ]);
  assert.deepEqual(names(agent.onAlert(alert())), []);
  assert.deepEqual(names(agent.onAlert(alert({ shed_hints: [cap("r1", 80), cap("r2", 110, 2)] }))), ["power_cap r1"]);
});

test("given a last resort, only one that is configured is carried out", () => {
  const actions = alert({ status: "escalated", infrastructure_actions: ["SHUTDOWN_RACKS", "TRIP_BREAKERS"], shed_hints: [] });
  assert.deepEqual(names(careful().onAlert(actions)), ["suspend r9"]);
});

test("given the end of a breach, all that was done is undone, and nothing twice", () => {
  const agent = careful();
  agent.onAlert(alert());
  const { shed_hints: _, ...rest } = alert({ status: "resolved" });
  assert.deepEqual(names(agent.onAlert(rest)), ["undo power_cap r1", "undo power_cap r2"]);
  assert.deepEqual(names(agent.onAlert(rest)), []);
});

test("given one device that does not answer, the report is partial, as the contract has it, and it is tried again", () => {
  const agent = careful();
  const [first, second] = agent.onAlert(alert());
  const message = "BMC unreachable after 3 retries";
  const report = agent.report(
    [
      { order: first, code: "applied", appliedW: 90e3 },
      { order: second, code: "failed", appliedW: NaN, message },
    ],
    AT_MS + 5000,
  );
  assert.equal(report.code, "partial");
  assert.ok(acceptFlexData(report, "grid.powerbreach.enforcement.v1").ok);
  assert.deepEqual(names(agent.onAlert(alert())), ["power_cap r2"]);
});
