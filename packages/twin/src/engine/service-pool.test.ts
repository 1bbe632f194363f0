import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { catalog } from "../testing/small-site.ts";
import { decodeStepS, saturationRequestsPerS, type ServiceModel } from "./service-model.ts";
import { serviceOf } from "./service-of.ts";
import { ServicePool } from "./service-pool.ts";

const PROMPT = 1155;
const OUTPUT = 211;
const ITL_S = 0.05;

function modelOf(modelId: string, acceleratorId = "gb300", gpus = 8): ServiceModel {
  const model = catalog.models.get(modelId);
  const accelerator = catalog.accelerators.get(acceleratorId);
  assert.ok(model !== undefined && accelerator !== undefined);
  return serviceOf(model, accelerator, gpus, { promptTokens: PROMPT, outputTokens: OUTPUT, itlObjectiveS: ITL_S });
}

function poolOf(model: ServiceModel, replicas = 10): ServicePool {
  const pool = new ServicePool(
    {
      id: "chat",
      tenantId: "tenant",
      modelId: "model",
      serviceClass: "standard",
      slo: { ttftS: 1, itlS: ITL_S },
      wantedReplicas: replicas,
      rackTypeId: "gb300-nvl72",
      arrivalShare: 1,
      promptCv2: 1.5,
    },
    model,
  );
  pool.pieces = [{ rack: 0, gpus: replicas * model.gpus }];
  pool.recount();
  return pool;
}

/** Ten minutes at a share of what the pool sustains. */
function loaded(model: ServiceModel, share: number): ServicePool {
  const pool = poolOf(model);
  const rate = 10 * share * saturationRequestsPerS(model, PROMPT, OUTPUT, ITL_S);
  for (let s = 0; s < 600; s++) pool.step(rate, rate * PROMPT, rate * OUTPUT);
  return pool;
}

test("at a steady load below saturation, tokens out are tokens asked for and sequences obey Little's law", () => {
  for (const id of ["llama-3.1-8b", "llama-3.1-70b", "llama-3.1-405b", "deepseek-r1"]) {
    const model = modelOf(id);
    const pool = loaded(model, 0.7);
    const asked = pool.requestsPerS * OUTPUT;
    assert.ok(Math.abs(pool.tokensPerS / asked - 1) < 0.01, `${id}: ${pool.tokensPerS} of ${asked} tokens/s`);
    assert.ok(pool.itlP99S >= pool.itlP50S && pool.ttftP99S >= pool.ttftP50S && pool.ttftP50S > 0);
    assert.ok(pool.queuedRequests < pool.requestsPerS * 0.1, `${id}: ${pool.queuedRequests} wait`);
    const lifeS = (OUTPUT * decodeStepS(model, pool.batch)) / (1 - (pool.requestsPerS * PROMPT) / (10 * model.prefillTokensPerS));
    assert.ok(Math.abs((pool.batch * 10) / (pool.requestsPerS * lifeS) - 1) < 0.02, `${id}: batch ${pool.batch}`);
  }
});

test("what saturation promises is kept: just below it the objective holds, well above it the queue grows and is bounded", () => {
  const model = modelOf("llama-3.1-70b");
  assert.ok(loaded(model, 0.98).itlP50S <= ITL_S);
  const pool = poolOf(model);
  const rate = 100 * saturationRequestsPerS(model, PROMPT, OUTPUT, ITL_S);
  for (let s = 0; s < 2000; s++) pool.step(rate, rate * PROMPT, rate * OUTPUT);
  assert.ok(pool.queuedRequests > 0 && pool.refused > 0);
  assert.ok(pool.queuedRequests * PROMPT <= 10 * model.prefillTokensPerS * 600 * 1.001, "a queue of ten minutes at most");
});

test("requests are conserved whatever the load and the speed do", () => {
  const model = modelOf("llama-3.1-8b", "b200", 1);
  fc.assert(
    fc.property(
      fc.array(fc.record({ rate: fc.nat({ max: 400 }), speed: fc.double({ min: 0, max: 1, noNaN: true }) }), {
        minLength: 5,
        maxLength: 60,
      }),
      (seconds) => {
        const pool = poolOf(model, 4);
        let asked = 0;
        for (const { rate, speed } of seconds) {
          pool.speedA = pool.speedB = speed;
          pool.step(rate, rate * PROMPT, rate * OUTPUT);
          asked += rate * OUTPUT;
        }
        assert.ok(pool.tokensOut <= asked * (1 + 1e-9), "more tokens came out than were asked for");
        assert.ok(pool.batch >= 0 && pool.batch <= model.maxBatch * (1 + 1e-9), `batch ${pool.batch} of ${model.maxBatch}`);
        assert.ok(pool.queuedRequests >= 0, `${pool.queuedRequests} wait`);
      },
    ),
    // Once found: the last sequence left with a rounding error, and a batch of less than nothing.
    {
      examples: [
        [[{ rate: 13, speed: 0.983292639312807 }, ...Array.from({ length: 4 }, () => ({ rate: 0, speed: 0 })), { rate: 0, speed: 5e-324 }]],
      ],
    },
  );
});

test("a full batch, a slower clock and a larger model never make a step faster", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 500 }), (a, b) => {
      const model = modelOf("deepseek-r1");
      assert.ok(decodeStepS(model, Math.min(a, b)) <= decodeStepS(model, Math.max(a, b)));
    }),
  );
  assert.ok(decodeStepS(modelOf("llama-3.1-405b"), 32) > decodeStepS(modelOf("llama-3.1-70b"), 32));
});

test("given one GPU for a 32B model, its engine's token budget keeps 50 ms between tokens at the 99th percentile", () => {
  const pool = loaded(modelOf("hyperclova-x-seed-32b", "gb300", 1), 0.55);
  assert.ok(pool.itlP99S > pool.itlP50S && pool.itlP99S < ITL_S, `${pool.itlP50S} s, ${pool.itlP99S} s`);
});
