import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { PulmuError } from "@pulmu/units";
import { readLatencyTable } from "./latency-table.ts";
import { tableStepModel } from "./table-model.ts";

const accelerator = loadCatalog().accelerators.get("h100");
assert.ok(accelerator);
const options = { accelerator, kvCapacityTokens: 100_000, kvBytesPerToken: 1000, maxBatchTokens: 2048 };

const OWN = `phase,size,time_ms,context,power_w
prefill,100,20,,500
prefill,300,40,,600
decode,1,10,1000,300
decode,1,12,3000,310
decode,9,18,1000,400
decode,9,28,3000,420
`;
const SPLITWISE = `model,hardware,prompt_size,batch_size,token_size,peak_power,average_power,prompt_time,token_time,e2e_time,tensor_parallel
bloom,h100,100,1,128,,,20,10,0,8
bloom,h100,100,1,128,,,24,12,0,8
bloom,h100,100,1,128,,,90,11,0,8
bloom,h100,100,4,128,,,48,14,0,8
bloom,a100,100,1,128,,,99,99,0,8
`;

test("a step between two measured sizes takes a time between theirs", () => {
  const model = tableStepModel(readLatencyTable(OWN, "own.csv", 4), options);
  assert.equal(model.stepS(200, 0, 0, 0, 1), 0.03);
  assert.equal(model.gpuPowerW(200, 0, 0, 0, 1), 550);
});

test("decode follows both the batch and the context where the table tells them apart", () => {
  const model = tableStepModel(readLatencyTable(OWN, "own.csv", 4), options);
  assert.equal(model.stepS(0, 0, 5, 5 * 2000, 1), (0.011 + 0.023) / 2);
});

test("of several measurements of a splitwise table the median counts, by prompt size times batch size", () => {
  const table = readLatencyTable(SPLITWISE, "perf.csv", 8, { model: "bloom", hardware: "h100", tensorParallel: 8 });
  assert.deepEqual(
    table.prefill.map(({ size, stepS }) => [size, stepS]),
    [
      [100, 0.024],
      [400, 0.048],
    ],
  );
});

test("a step with prefill and decode costs a tenth more than a prefill of as many tokens", () => {
  const model = tableStepModel(readLatencyTable(OWN, "own.csv", 4), options);
  assert.equal(model.stepS(190, 0, 10, 20_000, 1), 0.03 * 1.1);
});

test("a lower clock slows prefill more than decode", () => {
  const model = tableStepModel(readLatencyTable(OWN, "own.csv", 4), options);
  const slower = (load: [number, number, number, number]) => model.stepS(...load, 0.6) / model.stepS(...load, 1);
  assert.ok(slower([200, 0, 0, 0]) > slower([0, 0, 5, 5000]));
});

test("every line that is wrong is named with the file", () => {
  const bad = OWN.replace("prefill,300,40", "prefil,300,40").replace("decode,9,18", "decode,9,-18");
  assert.throws(
    () => readLatencyTable(bad, "own.csv", 4),
    (error: PulmuError) =>
      error.message.startsWith(
        "own.csv:3: phase: prefil: a phase is prefill or decode\nown.csv:6: time_ms: -18: a number above 0 is needed",
      ),
  );
});

test("a column that is missing is named, with the one that may be meant", () => {
  assert.throws(
    () => readLatencyTable(OWN.replace("time_ms", "times_ms"), "own.csv", 4),
    /own\.csv:1: time_ms: the header has no column "time_ms" \(is "times_ms" meant to be it\?\)/,
  );
});

test("a model that a table does not have is refused with those it has", () => {
  assert.throws(
    () => readLatencyTable(SPLITWISE, "perf.csv", 8, { model: "opt", hardware: "h100", tensorParallel: 8 }),
    /opt on h100 TP8: the table has no such rows \(it has bloom on h100 TP8; bloom on a100 TP8\)/,
  );
});
