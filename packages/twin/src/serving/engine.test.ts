import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Deployment, Pool } from "./deployment.ts";
import { ServingEngine } from "./engine.ts";
import type { RequestRecord } from "./report.ts";
import type { ServingRequest } from "./request.ts";
import { testModel } from "./testing/models.ts";
import { referenceRun } from "./testing/reference-engine.ts";

const requests = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 0, max: 2000 }),
      promptTokens: fc.integer({ min: 1, max: 600 }),
      outputTokens: fc.integer({ min: 1, max: 60 }),
      priority: fc.constantFrom(0, 0, 0, 1, 2),
      session: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((all): ServingRequest[] => {
    let atS = 0;
    return all.map(({ gap, promptTokens, outputTokens, priority, session }) => {
      atS += gap * 7.310_585_786e-5; // no round number, so that arrivals do not fall on ends of steps
      const blocks = Array.from({ length: Math.ceil(promptTokens / 32) }, (_, i) => session * 100 + i);
      return { atS, promptTokens, outputTokens, priority, blocks };
    });
  });

const deployments = fc
  .record({
    split: fc.boolean(),
    counts: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    kvCapacityTokens: fc.integer({ min: 700, max: 2500 }),
    maxSequences: fc.integer({ min: 1, max: 12 }),
    budget: fc.integer({ min: 12, max: 512 }),
    clock: fc.constantFrom(1, 0.7),
    batching: fc.constantFrom("chunked" as const, "prompt-first" as const),
    routing: fc.constantFrom("round-robin" as const, "least-loaded" as const, "prefix-aware" as const),
    blockTokens: fc.constantFrom(1, 4, 16),
    prefixTokens: fc.constantFrom(0, 32),
    failures: fc.array(fc.record({ replica: fc.nat(5), at: fc.nat(3000), repair: fc.integer({ min: 1, max: 2000 }) }), { maxLength: 3 }),
  })
  .map(({ split, counts, kvCapacityTokens, maxSequences, budget, clock, failures, ...rest }): Deployment => {
    const model = testModel({ kvCapacityTokens });
    const pool = { model, clock, maxSequences, maxBatchTokens: budget };
    const pools: Pool[] = split
      ? [
          { ...pool, role: "prefill", replicas: counts[0] },
          { ...pool, role: "decode", replicas: counts[1] },
        ]
      : [{ ...pool, role: "mixed", replicas: counts[0] }];
    const replicas = split ? counts[0] + counts[1] : counts[0];
    const within = failures.map(({ replica, at, repair }) => ({
      replica: replica % replicas,
      atS: at * 0.000_91,
      repairS: repair * 0.001,
    }));
    return { ...rest, pools, failures: within };
  });

function run(deployment: Deployment, all: readonly ServingRequest[]) {
  const records: RequestRecord[] = [];
  const engine = new ServingEngine(deployment, { onRequest: (record) => void (records[record.index] = record) });
  for (const request of all) engine.arrive(request);
  return { summary: engine.finish(), records };
}

const oneReplica = (pool: Partial<Pool> = {}, deployment: Partial<Deployment> = {}): Deployment => ({
  pools: [{ role: "mixed", model: testModel(), replicas: 1, clock: 1, maxSequences: 8, maxBatchTokens: 512, ...pool }],
  batching: "chunked",
  routing: "round-robin",
  blockTokens: 16,
  prefixTokens: 0,
  failures: [],
  ...deployment,
});

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));

test("skipping over runs of equal steps gives what simulating every step gives", () => {
  fc.assert(
    fc.property(deployments, requests, (deployment, all) => {
      const expected = referenceRun(deployment, all);
      const { summary, records } = run(deployment, all);
      assert.ok(expected.mostBlocks <= 0);
      assert.equal(records.length, all.length);
      records.forEach((record, i) => {
        const wanted = expected.requests[i];
        const { replica, preemptions, cachedTokens } = record;
        assert.deepEqual(
          { i, replica, preemptions, cachedTokens },
          { i, replica: wanted.replica, preemptions: wanted.preemptions, cachedTokens: wanted.cachedTokens },
        );
        assert.ok(near(record.ttftS, wanted.ttftS), `request ${i}: first token after ${record.ttftS} s, step by step ${wanted.ttftS} s`);
        assert.ok(near(record.e2eS, wanted.e2eS), `request ${i}: done after ${record.e2eS} s, step by step ${wanted.e2eS} s`);
      });
      assert.equal(summary.steps, expected.steps);
      const gapsS = expected.gapsS.reduce((sum, gap) => sum + gap, 0);
      if (expected.gapsS.length > 0) {
        assert.ok(near(summary.itlS.mean * expected.gapsS.length, gapsS), "sum of inter-token times");
        assert.ok(near(summary.itlS.max, Math.max(...expected.gapsS)), "longest inter-token time");
      }
      assert.ok(near(summary.gpuEnergyJ / expected.energyJ, 1), `${summary.gpuEnergyJ} J, step by step ${expected.energyJ} J`);
    }),
    { numRuns: 300 },
  );
});

test("every token of every request is made once, whatever fails and whoever is preempted", () => {
  fc.assert(
    fc.property(deployments, requests, (deployment, all) => {
      const { summary, records } = run(deployment, all);
      assert.equal(summary.requests, all.length);
      assert.deepEqual(
        records.map(({ index }) => index),
        all.map((_, i) => i),
      );
      assert.equal(
        summary.outputTokens,
        all.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
      );
    }),
    { numRuns: 200 },
  );
});

test("KV memory in use never exceeds what a replica has", () => {
  fc.assert(
    fc.property(deployments, requests, (deployment, all) => {
      const capacity = Math.floor(deployment.pools[0].model.kvCapacityTokens / deployment.blockTokens) * deployment.blockTokens;
      let most = 0;
      const engine = new ServingEngine(deployment, { onSecond: ({ kvTokens }) => (most = Math.max(most, ...kvTokens)) });
      const slowed = all.map((request, i) => ({ ...request, atS: i * 0.01 }));
      for (const request of slowed) engine.arrive(request);
      engine.finish();
      assert.ok(most <= capacity, `${most} tokens in ${capacity}`);
    }),
    { numRuns: 200 },
  );
});

test("one replica without priorities answers first come, first served", () => {
  fc.assert(
    fc.property(requests, (all) => {
      const { records } = run(
        oneReplica(),
        all.map((request) => ({ ...request, priority: 0 })),
      );
      const firstS = records.map(({ request, ttftS }) => request.atS + ttftS);
      for (let i = 1; i < firstS.length; i++) assert.ok(firstS[i] >= firstS[i - 1] - 1e-12, `request ${i} overtakes`);
    }),
    { numRuns: 100 },
  );
});

test("a request of lower priority number is answered before those that waited longer", () => {
  const all = Array.from({ length: 6 }, (_, i) => ({ atS: 0, promptTokens: 500, outputTokens: 2, priority: i === 5 ? -1 : 0 }));
  const { records } = run(oneReplica(), all);
  const order = records.map(({ ttftS, index }) => [ttftS, index]).sort(([a], [b]) => a - b);
  assert.deepEqual(
    order.map(([, index]) => index),
    [0, 5, 1, 2, 3, 4],
  );
});

test("a prompt whose prefix is cached reaches its first token sooner", () => {
  const blocks = [1, 2, 3, 4];
  const prompt = { promptTokens: 128, outputTokens: 4, blocks };
  const { records } = run(oneReplica({}, { prefixTokens: 32 }), [
    { ...prompt, atS: 0 },
    { ...prompt, atS: 1 },
  ]);
  assert.equal(records[0].cachedTokens, 0);
  assert.equal(records[1].cachedTokens, 96); // the last block is computed again: it gives the first token
  assert.ok(records[1].ttftS < records[0].ttftS);
});

test("the prefix-aware router sends a conversation where its prompt is cached", () => {
  const turn = (session: number, atS: number) => ({
    atS,
    promptTokens: 320,
    outputTokens: 2,
    blocks: Array.from({ length: 10 }, (_, i) => session * 100 + i),
  });
  const all = [turn(1, 0), turn(2, 0.001), turn(3, 0.002), turn(3, 5), turn(2, 6), turn(1, 7)];
  const { records } = run(oneReplica({ replicas: 3 }, { routing: "prefix-aware", prefixTokens: 32 }), all);
  const of = (i: number) => records[i].replica;
  assert.deepEqual([of(3), of(4), of(5)], [of(2), of(1), of(0)]);
});

test("a failed replica's requests are finished by the other one", () => {
  const all = Array.from({ length: 10 }, (_, i) => ({ atS: i * 0.001, promptTokens: 100, outputTokens: 50 }));
  const { records, summary } = run(oneReplica({ replicas: 2 }, { failures: [{ replica: 0, atS: 0.3, repairS: 1000 }] }), all);
  assert.equal(summary.rerouted, 5);
  assert.deepEqual(new Set(records.map(({ replica }) => replica)), new Set([1]));
});

test("while no replica is on, requests wait for the repair", () => {
  const { records } = run(oneReplica({}, { failures: [{ replica: 0, atS: 1, repairS: 10 }] }), [
    { atS: 2, promptTokens: 100, outputTokens: 1 },
  ]);
  assert.ok(near(records[0].ttftS, 9 + testModel().stepS(100, 5050, 0, 0, 1)));
});

test("autoscaling starts replicas for a burst after their start-up time, and switches them off when it is over", () => {
  const scaling = { minReplicas: 1, maxReplicas: 4, requestsPerReplica: 8, everyS: 1, startS: 5, shrinkAfterS: 10 };
  const on: number[] = [];
  const engine = new ServingEngine(oneReplica({ scaling }, { routing: "least-loaded" }), {
    onSecond: ({ replicasOn }) => on.push(replicasOn),
  });
  for (let i = 0; i < 600; i++) engine.arrive({ atS: i * 0.02, promptTokens: 300, outputTokens: 50 });
  engine.arrive({ atS: 100, promptTokens: 10, outputTokens: 10 });
  engine.finish();
  assert.equal(on[4], 1); // asked for at 1 s, there at 6 s
  assert.ok(on[6] > 1, `${on[6]} replicas at 7 s`);
  assert.equal(on.at(-1), 1);
});

test("readings add up to the run: tokens by the second, energy by the second", () => {
  let tokens = 0;
  let energyJ = 0;
  const engine = new ServingEngine(oneReplica({ replicas: 2 }), {
    onSecond: ({ outputTokensPerS, gpuPowerW, replicaGpuW }) => {
      tokens += outputTokensPerS;
      energyJ += gpuPowerW;
      assert.ok(near(gpuPowerW, 2 * (replicaGpuW[0] + replicaGpuW[1])));
    },
  });
  for (let i = 0; i < 200; i++) engine.arrive({ atS: i * 0.05, promptTokens: 200, outputTokens: 40 });
  const summary = engine.finish();
  const restJ = (Math.ceil(summary.durationS) - summary.durationS) * 2 * 2 * 100; // both replicas idle to the full second
  assert.ok(near(tokens, summary.outputTokens), `${tokens} of ${summary.outputTokens} tokens`);
  assert.ok(near(energyJ, summary.gpuEnergyJ + restJ), `${energyJ} J of ${summary.gpuEnergyJ + restJ} J`);
});

test("equal inputs give equal results", () => {
  const all = Array.from({ length: 300 }, (_, i) => ({
    atS: i * 0.013,
    promptTokens: 50 + ((i * 37) % 400),
    outputTokens: 1 + ((i * 53) % 90),
  }));
  const deployment = oneReplica({ replicas: 3, model: testModel({ kvCapacityTokens: 2000 }) }, { routing: "least-loaded" });
  assert.deepEqual(run(deployment, all), run(deployment, all));
});

test("a mixed pool makes every token, borrows replicas under load and gives them back", () => {
  const model = testModel({ kvCapacityTokens: 2000 });
  const pool = { model, replicas: 2, clock: 1, maxSequences: 8, maxBatchTokens: 512 };
  const deployment = oneReplica(
    {},
    {
      pools: [
        { ...pool, role: "prefill" },
        { ...pool, role: "decode" },
      ],
      batching: "prompt-first",
      routing: "mixed-pool",
      failures: [{ replica: 3, atS: 2, repairS: 1 }],
    },
  );
  const burst = Array.from({ length: 200 }, (_, i) => ({ atS: i * 0.01, promptTokens: 100 + (i % 7) * 50, outputTokens: 5 + (i % 50) }));
  const quiet = Array.from({ length: 20 }, (_, i) => ({ atS: 60 + i, promptTokens: 100, outputTokens: 20 }));
  const { records, summary } = run(deployment, [...burst, ...quiet]);
  assert.equal(
    summary.outputTokens,
    [...burst, ...quiet].reduce((sum, { outputTokens }) => sum + outputTokens, 0),
  );
  const decodedBy = (from: number, until: number) => new Set(records.slice(from, until).map(({ replica }) => replica));
  assert.ok(
    [0, 1].some((prefillReplica) => decodedBy(0, 200).has(prefillReplica)),
    "a prefill replica helps to decode the burst",
  );
  assert.ok(![0, 1].some((prefillReplica) => decodedBy(200, 220).has(prefillReplica)), "afterwards it only prefills again");
});
