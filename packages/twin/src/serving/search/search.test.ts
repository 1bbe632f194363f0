import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog, type Accelerator } from "@pulmu/catalog";
import { random } from "@pulmu/units";
import type { ServingRequest } from "../request.ts";
import { testModel } from "../testing/models.ts";
import { busiest, loadOf, manyUsers } from "./load.ts";
import { servedModels } from "./models.ts";
import { rackInputW } from "./rack-power.ts";
import { searchDeployments, type SearchInputs, type SearchResult } from "./search.ts";
import { meets, tryPlan, type Plan } from "./trial.ts";

const requests: ServingRequest[] = Array.from({ length: 1500 }, (_, i) => ({
  atS: i * 0.05,
  promptTokens: 100 + ((i * 37) % 300),
  outputTokens: 20 + ((i * 53) % 60),
}));

const inputs: SearchInputs = {
  models: [{ label: "TP2", model: testModel({ kvCapacityTokens: 20_000, maxBatchTokens: 2048 }) }],
  load: loadOf(requests),
  slo: { ttftS: 0.5, itlS: 0.06 },
  maxGpus: 64,
  clocks: [1, 0.8],
  prefixTokens: 0,
  contextTokens: 8192,
  rackInputW: (gpuPowerW) => gpuPowerW * 1.1 + 50,
};

function search(changed: Partial<SearchInputs> = {}): SearchResult {
  const steps = searchDeployments({ ...inputs, ...changed });
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

test("the best deployment meets the objectives, and no other that was tried does with less energy", () => {
  const { best, trials } = search();
  assert.ok(best !== undefined && meets(best, inputs.slo));
  for (const trial of trials) assert.ok(!meets(trial, inputs.slo) || trial.joulesPerToken >= best.joulesPerToken);
});

test("one replica fewer than the best deployment misses the objectives", () => {
  const { best } = search();
  assert.ok(best !== undefined && best.plan.replicas > 1);
  const fewer = tryPlan({ ...best.plan, replicas: best.plan.replicas - 1 }, inputs.load, inputs);
  assert.ok(!meets(fewer, inputs.slo));
});

test("when no deployment meets the objectives, the closest one is named", () => {
  const { best, closest } = search({ slo: { ttftS: 0.5, itlS: 0.001 } });
  assert.equal(best, undefined);
  assert.ok(closest !== undefined && closest.ttftS < 0.5 && closest.itlS < 0.05);
});

test("no deployment with more than the allowed GPUs is tried", () => {
  for (const { gpus } of search({ maxGpus: 6 }).trials) assert.ok(gpus <= 6);
});

test("a queue for seats in the decode pool counts against the inter-token objective", () => {
  const plan: Plan = {
    kind: "apart",
    served: inputs.models[0],
    replicas: 1,
    clock: 1,
    prefill: { replicas: 8, clock: 1 },
    chunkTokens: 2048,
  };
  const burst = loadOf(requests.map((request) => ({ ...request, atS: request.atS / 20 })));
  const { ttftS, itlS } = tryPlan(plan, burst, inputs);
  assert.ok(ttftS < 5, `first tokens come from the prefill pool: ${ttftS} s`);
  assert.ok(itlS > 0.5, `answers are held up: ${itlS} s`);
});

test("twice as many users send twice as many requests in the same time, in order", () => {
  const all = manyUsers(requests, 2.5, random(1, "users"));
  assert.ok(Math.abs(all.length / requests.length - 2.5) < 0.1);
  assert.ok(all.every(({ atS }, i) => atS <= 75 && (i === 0 || atS >= all[i - 1].atS)));
});

test("other users' prompts are other prompts, an own conversation keeps its prefix", () => {
  const talk = [1, 2].map((turn) => ({ atS: turn, promptTokens: 1000, outputTokens: 1, blocks: [7, turn] }));
  const firsts = manyUsers(talk, 3, random(1)).map(({ blocks }) => blocks?.[0]);
  assert.equal(new Set(firsts).size, 3);
});

test("the busiest stretch is where requests come fastest", () => {
  const all = [0, 10, 20, 21, 22, 40].map((atS) => ({ atS, promptTokens: 1, outputTokens: 1 }));
  assert.deepEqual(
    busiest(all, 3).map(({ atS }) => atS),
    [0, 1, 2],
  );
});

const catalog = loadCatalog();
const chip = (id: string): Accelerator => catalog.accelerators.get(id) as Accelerator;

test("a large model is tried from the smallest tensor parallelism that holds its weights", () => {
  const model = catalog.models.get("llama-3.1-405b");
  assert.ok(model);
  const labels = servedModels(model, chip("h100"), { domainGpus: 16, maxGpus: 64, longestTokens: 8192 }).map(({ label }) => label);
  assert.deepEqual(labels, ["TP8", "TP16"]);
});

test("a model that fits no allowed parallelism is refused with what is missing and what would fit", () => {
  const model = catalog.models.get("llama-3.1-405b");
  assert.ok(model);
  assert.throws(
    () => servedModels(model, chip("h100"), { domainGpus: 8, maxGpus: 2, longestTokens: 8192 }),
    /2 × NVIDIA H100.*: needs 2\d\d\.\d GB of weights on each GPU, 1\d\d\.\d GB more than .* \(tensor parallelism over 8 GPUs would fit\)/,
  );
});

test("a request too long for any allowed replica is refused with the room there is", () => {
  const model = catalog.models.get("llama-3.1-8b");
  assert.ok(model);
  assert.throws(
    () => servedModels(model, chip("rtx-4090"), { domainGpus: 1, maxGpus: 1, longestTokens: 500_000 }),
    /the longest request has 500000 tokens, and beside the weights there is room for the cache of \d+/,
  );
});

test("a rack draws more than its GPUs: trays, switches, losses of its supplies", () => {
  const rack = [...catalog.racks.values()].find(({ acceleratorId }) => acceleratorId === "gb300");
  assert.ok(rack);
  const gpus = rack.trays * rack.gpusPerTray;
  const withoutLossW = (rack.trays * rack.trayBusyW + rack.rackOverheadW) / gpus + chip("gb300").tdpW;
  const inputW = rackInputW(rack, chip("gb300"), chip("gb300").tdpW);
  assert.ok(inputW > withoutLossW && inputW < withoutLossW * 1.06);
});
