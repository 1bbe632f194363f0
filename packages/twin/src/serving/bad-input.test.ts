import assert from "node:assert/strict";
import { test } from "node:test";
import { PulmuError } from "@pulmu/units";
import { checkDeployment, type Deployment } from "./deployment.ts";
import { ServingEngine } from "./engine.ts";
import { checkRequests } from "./request.ts";
import { testModel } from "./testing/models.ts";

const good: Deployment = {
  pools: [{ role: "mixed", model: testModel(), replicas: 2, clock: 1, maxSequences: 8, maxBatchTokens: 512 }],
  batching: "chunked",
  routing: "least-loaded",
  blockTokens: 16,
  prefixTokens: 0,
  failures: [],
};
const limits = { contextTokens: 8192, kvCapacityTokens: 4000 };
const fine = { atS: 1, promptTokens: 100, outputTokens: 10 };

const message = (act: () => void): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof PulmuError) return error.message;
    throw error;
  }
  return "accepted";
};

test("a prompt of zero tokens is refused with its place", () => {
  assert.equal(
    message(() => checkRequests([fine, { ...fine, promptTokens: 0 }], limits, "trace.csv")),
    "trace.csv: requests[1].promptTokens: 0: a prompt has at least one token",
  );
});

test("a missing output length is refused, since a replay cannot guess it", () => {
  assert.match(
    message(() => checkRequests([{ ...fine, outputTokens: NaN }], limits)),
    /requests\[0\]\.outputTokens: NaN: the output length is missing/,
  );
});

test("a request longer than the model's context is refused with both lengths", () => {
  assert.match(
    message(() => checkRequests([{ ...fine, promptTokens: 8000, outputTokens: 500 }], limits)),
    /8000 \+ 500: prompt and output exceed the model's context of 8192 tokens/,
  );
});

test("a request longer than a replica's KV memory is refused, and more GPUs are proposed", () => {
  assert.match(
    message(() => checkRequests([{ ...fine, promptTokens: 4000 }], limits)),
    /4000 \+ 10: prompt and output exceed the 4000 tokens of KV cache of one replica \(give each replica more GPUs\)/,
  );
});

test("time that goes backwards is refused with the earlier time", () => {
  assert.match(
    message(() => checkRequests([fine, { ...fine, atS: 0.5 }], limits)),
    /requests\[1\]\.atS: 0\.5: time goes backwards: a request before it came at 1 s/,
  );
});

test("of many bad requests ten are named and the rest counted", () => {
  const lines = message(() => checkRequests(Array(25).fill({ ...fine, promptTokens: -1 }), limits)).split("\n");
  assert.equal(lines.length, 11);
  assert.equal(lines[10], "and 15 more of 25 requests cannot be served");
});

test("the engine itself refuses a request it cannot serve, and goes on with the next", () => {
  const engine = new ServingEngine(good);
  assert.match(
    message(() => engine.arrive({ ...fine, promptTokens: 20_000 })),
    /requests\[0\]/,
  );
  engine.arrive(fine);
  assert.equal(engine.finish().requests, 1);
});

test("every problem of a deployment is named at once", () => {
  const [pool] = good.pools;
  const bad: Deployment = {
    ...good,
    pools: [{ ...pool, role: "prefill", replicas: 0, clock: 1.2, maxBatchTokens: 4096 }],
    prefixTokens: 100,
    failures: [{ replica: 7, atS: 1, repairS: 1 }],
  };
  const lines = message(() => checkDeployment(bad)).split("\n");
  assert.deepEqual(
    lines.map((line) => line.split(":")[0]),
    ["pools", "prefixTokens", "pools[0].replicas", "pools[0].clock", "pools[0].maxBatchTokens", "failures[0].replica"],
  );
});
