import assert from "node:assert/strict";
import { test } from "node:test";
import { OBJECT_TYPES, pointTypes } from "./bms-points.ts";
import { parseMessage } from "./message.ts";
import { FLEX_EVENT_TYPES, flexTopic, machineTopic, metadataTopic, parseTopic, valueTopic } from "./topic.ts";

const refusal = (topic: string) => {
  const result = parseTopic(topic);
  assert.ok(!result.ok, `${topic} was accepted`);
  return result.problems[0];
};

test("given a value topic with a tag path of many levels, the point is all that follows the kind", () => {
  assert.deepEqual(parseTopic("BMS/v1/PUB/Value/Rack/RackPower/site/row1/rack2"), {
    ok: true,
    value: {
      contract: "bms",
      kind: "value",
      publisher: "PUB",
      objectType: "Rack",
      pointType: "RackPower",
      tagPath: "site/row1/rack2",
      point: "Rack/RackPower/site/row1/rack2",
    },
  });
});

test("given a topic of a federated cluster, it is read as the cluster's own, and says which", () => {
  const result = parseTopic("cpc/sejong-1/BMS/v1/PUB/Metadata/CDU/Status/cdu5");
  assert.ok(result.ok && result.value.contract === "bms");
  assert.deepEqual([result.value.cluster, result.value.kind, result.value.point], ["sejong-1", "metadata", "CDU/Status/cdu5"]);
});

test("given every kind of point, its own topics are read back", () => {
  let kinds = 0;
  for (const objectType of OBJECT_TYPES) {
    for (const pointType of pointTypes(objectType)) {
      const point = `${objectType}/${pointType}/a/b`;
      const metadata = parseTopic(metadataTopic(point));
      assert.ok(metadata.ok && metadata.value.contract === "bms" && metadata.value.point === point, point);
      const byBms = parseTopic(valueTopic(point)).ok;
      const byIntegration = parseTopic(valueTopic(point, "MEPAI")).ok;
      assert.ok(byBms || byIntegration, `nobody may write ${point}`);
      kinds++;
    }
  }
  assert.equal(kinds, 229);
});

test("given an integration's value for a point that the BMS writes, the publisher is refused", () => {
  assert.equal(refusal("BMS/v1/MEPAI/Value/Rack/RackPower/rack2").code, "topic.publisher");
});

test("given the BMS's value for a point that an integration writes, the publisher is refused", () => {
  assert.equal(refusal("BMS/v1/PUB/Value/Rack/RackLeakDetectTray/rack2").code, "topic.publisher");
});

test("given an integration's metadata, it is refused: only the BMS publishes metadata", () => {
  assert.equal(refusal("BMS/v1/MEPAI/Metadata/CDU/GenericPoint/cdu5").code, "topic.integration-metadata");
});

test("given a misspelt object or point type, the hint names the near one", () => {
  assert.equal(refusal("BMS/v1/PUB/Value/Racks/RackPower/x").hint, "did you mean Rack?");
  assert.equal(refusal("BMS/v1/PUB/Value/Rack/RackPowr/x").hint, "did you mean RackPower?");
});

test("given a topic without tag path, with an empty level, with a wildcard or of another version, it is malformed", () => {
  for (const topic of [
    "BMS/v1/PUB/Value/Rack/RackPower",
    "BMS/v1/PUB/Value/Rack/RackPower/a//b",
    "BMS/v1/PUB/Value/Rack/RackPower/+",
    "BMS/v2/PUB/Value/Rack/RackPower/a",
    "BMS/v1/PUB/Values/Rack/RackPower/a",
    "grid/v1/isv/acme/loadtarget",
    "grid/v1/dsx-flex-agent/a/b/powerbreach",
    "NICO/v1/machine/a/b/state",
  ]) {
    assert.equal(refusal(topic).code, "topic.malformed", topic);
  }
});

test("given each Flex event and a machine, their topics are read back", () => {
  for (const type of FLEX_EVENT_TYPES) {
    const result = parseTopic(flexTopic(type, "acme"));
    assert.ok(result.ok && result.value.contract === "flex" && result.value.type === type && result.value.identifier === "acme");
  }
  assert.deepEqual(parseTopic(machineTopic("m-1")), { ok: true, value: { contract: "nico", machineId: "m-1" } });
});

test("given the agent's role of before 2.6.1, the topic is read and marked, and the message refused with the new name", () => {
  const topic = "grid/v1/poweragent/maxlps/powerstate/status";
  const parsed = parseTopic(topic);
  assert.ok(parsed.ok && parsed.value.contract === "flex" && parsed.value.legacy && parsed.value.role === "dsx-flex-agent");
  const message = parseMessage({ topic, payload: Buffer.from("{}") });
  assert.ok(!message.ok && message.problems[0].code === "topic.legacy-role");
});

test("given a topic of another name space, it belongs to no contract", () => {
  for (const topic of ["Weather/v1/PUB/Forecast/x/y/z", "bms/v1/x", ""]) {
    assert.deepEqual(parseTopic(topic), { ok: true, value: { contract: "none" } });
  }
});
