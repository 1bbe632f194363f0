import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptMetadata, encodePointValue, parsePointValue } from "./bms.ts";
import type { Parsed } from "./json.ts";

const AT = 1_743_620_423_000;
const value = (payload: unknown) => parsePointValue(Buffer.from(JSON.stringify(payload)));
const broken = (result: Parsed<unknown>) => (result.ok ? [] : result.problems.map(({ code, path = "" }) => `${code} ${path}`.trim()));
const metadata = (fields: Readonly<Record<string, unknown>>) =>
  broken(acceptMetadata(fields, String(fields["objectType"]), String(fields["pointType"])));

const rackPower = { objectType: "Rack", pointType: "RackPower", rackLocationName: "E02", rackLocationId: "Pod1C-E02", engUnit: "kW" };
const meterPower = {
  objectType: "PowerMeter",
  pointType: "ActivePower",
  objectName: "Bus E1",
  objectId: "C-E-BUS-E1",
  servesId: ["C-E02-TAP-E1"],
  engUnit: "kW",
};
const cduFlow = { objectType: "CDU", pointType: "LiquidFlow", objectName: "CDU 5", objectId: "cdu5", engUnit: "LPM" };
const states = [
  { value: 0, text: "Off" },
  { value: 1, text: "On" },
];

test("given a reading, a missing reading or a bad quality, the value is accepted", () => {
  for (const payload of [
    { value: 22.96, timestamp: AT, quality: 1 },
    { value: null, timestamp: AT, quality: 0 },
    { value: -3e-7, timestamp: 0, quality: -1 },
    { quality: 1, timestamp: AT, value: 1 },
  ]) {
    assert.deepEqual(value(payload), { ok: true, value: payload });
  }
});

test("given a wrong type on each field of a value, the field is named", () => {
  const good = { value: 1, timestamp: AT, quality: 1 };
  assert.deepEqual(broken(value({ ...good, value: "1" })), ["contract.type value"]);
  assert.deepEqual(broken(value({ ...good, value: true })), ["contract.type value"]);
  assert.deepEqual(broken(value({ ...good, timestamp: "2026-11-24T09:00:00Z" })), ["contract.type timestamp"]);
  assert.deepEqual(broken(value({ ...good, timestamp: AT + 0.5 })), ["contract.type timestamp"]);
  assert.deepEqual(broken(value({ ...good, quality: "1" })), ["contract.type quality"]);
  assert.deepEqual(broken(value({ ...good, quality: true })), ["contract.type quality"]);
});

test("given a value with missing and unknown fields, all are named at once", () => {
  assert.deepEqual(broken(value({ value: 1, timestmp: AT })), [
    "contract.missing timestamp",
    "contract.missing quality",
    "contract.unknown-field timestmp",
  ]);
});

test("given JSON that is no object, the value is refused", () => {
  for (const payload of [null, 1, "x", [], [1, 2]]) assert.deepEqual(broken(value(payload)), ["contract.type"]);
});

test("given a value, its encoding is read back", () => {
  const reading = { value: 131.25, timestamp: AT, quality: 1 };
  assert.deepEqual(parsePointValue(Buffer.from(encodePointValue(reading))), { ok: true, value: reading });
});

test("given metadata by the contract, it is accepted", () => {
  for (const fields of [
    rackPower,
    meterPower,
    { ...meterPower, servesId: [] },
    { ...meterPower, pointType: "PhaseCurrent", engUnit: "A", phase: "A" },
    cduFlow,
    { ...cduFlow, servesId: ["Pod1C-E02"], processArea: ["Secondary", "Supply"], isSetpoint: true },
    { objectType: "Shunt", pointType: "Status", associateId: "C-E02-TAP-E1", stateText: states },
    { ...cduFlow, pointType: "GenericPoint", engUnit: undefined, processArea: ["Fill"] },
    { objectType: "System", pointType: "HeartbeatTimestampBms", objectName: "BMS", objectId: "BMS", scope: "BMS/v1/#" },
    { objectType: "System", pointType: "HeartbeatEchoIntegration", objectName: "BMS", objectId: "BMS", integration: "MEPAI" },
    { ...rackPower, pointType: "RackLeakDetectTray", engUnit: undefined, stateText: states, integration: "NICO" },
  ]) {
    assert.deepEqual(metadata(fields), [], JSON.stringify(fields));
  }
});

test("given metadata against the contract, the rule and the field are named", () => {
  for (const [fields, ...expected] of [
    [{ ...rackPower, engUnit: "W" }, "contract.enum engUnit"],
    [{ ...cduFlow, pointType: "LiquidTemperature", engUnit: "F" }, "contract.enum engUnit"],
    [{ ...rackPower, processArea: ["Supply"] }, "contract.unknown-field processArea"],
    [{ ...rackPower, rackLocationId: undefined }, "contract.missing rackLocationId"],
    [{ ...rackPower, pointType: "RackLeakDetectTray", engUnit: undefined, stateText: states }, "contract.missing integration"],
    [{ ...cduFlow, associateId: "x" }, "contract.exclusive objectName"],
    [{ ...cduFlow, objectId: undefined }, "contract.missing objectId"],
    [{ ...cduFlow, stateText: states }, "contract.exclusive stateText"],
    [{ ...cduFlow, engUnit: undefined }, "contract.missing engUnit"],
    [{ ...cduFlow, pointType: "GenericPoint", processArea: ["Fill"], stateText: states }, "contract.exclusive stateText"],
    [{ ...cduFlow, pointType: "GenericPoint" }, "contract.missing processArea"],
    [{ ...meterPower, servesId: undefined }, "contract.missing servesId"],
    [{ ...meterPower, servesId: "C-E02-TAP-E1" }, "contract.type servesId"],
    [{ ...meterPower, servesId: ["a", 7] }, "contract.type servesId[1]"],
    [{ ...meterPower, pointType: "PhaseCurrent", phase: "D" }, "contract.enum phase"],
    [{ ...meterPower, pointType: "PowerFactor" }, "contract.unknown-field engUnit"],
    [
      { objectType: "System", pointType: "HeartbeatTimestampBms", objectName: "BMS", objectId: "BMS", integration: "x" },
      "contract.unknown-field integration",
    ],
    [
      { objectType: "System", pointType: "HeartbeatTimestampIntegration", integration: "x" },
      "contract.missing objectName",
      "contract.missing objectId",
    ],
    [{ ...cduFlow, isSetpoint: "true" }, "contract.type isSetpoint"],
    [
      { ...rackPower, pointType: "RackLeakDetect", engUnit: undefined, stateText: [{ value: 0.5, text: "?" }] },
      "contract.type stateText[0].value",
    ],
  ] as const) {
    assert.deepEqual(metadata(fields), expected, JSON.stringify(fields));
  }
});

test("given metadata of another type than its topic says, it is refused", () => {
  assert.deepEqual(broken(acceptMetadata(rackPower, "Rack", "RackLiquidFlow")), ["contract.enum pointType", "contract.enum engUnit"]);
});
