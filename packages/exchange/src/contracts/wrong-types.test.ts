import assert from "node:assert/strict";
import { test } from "node:test";
import { demandResponse, machineTraffic, siteTraffic } from "../testing/traffic.ts";
import { acceptFlexData, acceptFlexEvent } from "./flex.ts";
import type { Parsed } from "./json.ts";
import { parseMessage } from "./message.ts";

const START = Date.UTC(2026, 10, 24);

/** Every place in a value, outermost first: its path, and the value with something else there. */
function* places(
  value: unknown,
  path = "",
): Generator<{ readonly path: string; readonly at: unknown; readonly put: (other: unknown) => unknown }> {
  yield { path, at: value, put: (other) => other };
  if (typeof value !== "object" || value === null) return;
  for (const [key, inside] of Object.entries(value)) {
    const name = Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    for (const place of places(inside, name)) {
      const put = (other: unknown) => Object.assign(structuredClone(value), { [key]: place.put(other) });
      yield { ...place, put };
    }
  }
}

/** One value of each JSON type but that of `at`. */
function otherTypes(at: unknown): readonly unknown[] {
  const kind = Array.isArray(at) ? "array" : typeof at;
  const all: readonly (readonly [string, unknown])[] = [
    ["string", "x"],
    ["number", 0.5],
    ["boolean", true],
    ["array", [{}]],
    ["object", { x: 1 }],
  ];
  return all.filter(([name]) => name !== kind).map(([, value]) => value);
}

function checkEachPlace(value: unknown, accept: (json: unknown) => Parsed<unknown>): number {
  assert.ok(accept(value).ok, `${JSON.stringify(value)} is valid`);
  let tried = 0;
  for (const { path, at, put } of places(value)) {
    for (const other of otherTypes(at)) {
      const refused = accept(put(other));
      assert.ok(!refused.ok, `${path}: ${JSON.stringify(other)} was accepted in ${JSON.stringify(value)}`);
      assert.ok(
        refused.problems.some(
          (problem) => problem.path === undefined || `${path}.`.startsWith(problem.path) || problem.path.startsWith(path),
        ),
        `${path}: only ${refused.problems.map((problem) => problem.path).join()} was named`,
      );
      tried++;
    }
  }
  return tried;
}

test("given a wrong type at each place of every kind of metadata and value of a site, it is refused there", () => {
  const kinds = new Map(
    [...siteTraffic({ racks: 1, durationS: 2, everyS: 1, startMs: START })].map((one) => [one.topic.split("/").slice(2, 6).join("/"), one]),
  );
  let tried = 0;
  for (const { topic, payload } of kinds.values()) {
    tried += checkEachPlace(JSON.parse(payload.toString()), (json) => parseMessage({ topic, payload: Buffer.from(JSON.stringify(json)) }));
  }
  assert.ok(kinds.size > 40 && tried > 1000, `${tried} places in ${kinds.size} kinds of message`);
});

test("given a wrong type at each place of an event's data and of its envelope, it is refused there", () => {
  let tried = 0;
  for (const { type, data, envelope } of demandResponse(START)) {
    tried += checkEachPlace(data, (json) => acceptFlexData(json, type));
    tried += checkEachPlace(envelope, (json) => acceptFlexEvent(typeof json === "object" ? { ...json, data: "a.b.c" } : json, type));
  }
  assert.ok(tried > 1000);
});

test("given a wrong type at each place of a machine's state, it is refused there", () => {
  const [{ topic, payload }] = machineTraffic(START);
  checkEachPlace(JSON.parse(payload.toString()), (json) => parseMessage({ topic, payload: Buffer.from(JSON.stringify(json)) }));
});
