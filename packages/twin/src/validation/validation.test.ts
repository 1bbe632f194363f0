import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { sharedData } from "../testing/shared-data.ts";
import type { ValidationRow } from "./errors.ts";
import { validate } from "./validate.ts";

/** Rows of the published data, computed once. */
let cached: readonly ValidationRow[] | undefined;
const rows = (): readonly ValidationRow[] => (cached ??= validate(sharedData("").path, loadCatalog()).rows);
const row = (name: string): ValidationRow => rows().find((candidate) => candidate.case.startsWith(name)) ?? assert.fail(`no row ${name}`);

/** What was reached when it was written down; the bound of the case is larger. */
const REACHED: readonly (readonly [file: string, name: string, error: number])[] = [
  ["ml-energy/lm_arena_chat.csv.gz", "GPU power, ML.ENERGY chat, median", 0.07],
  ["ml-energy/lm_arena_chat.csv.gz", "GPU power, ML.ENERGY chat, p90", 0.2],
  ["ml-energy/lm_arena_chat.csv.gz", "J/token, ML.ENERGY chat, median", 0.09],
  ["ml-energy/lm_arena_chat.csv.gz", "J/token, ML.ENERGY chat, p90", 0.23],
  ["mlperf-v5.1/SR780a_V3_B200SXMx8_TRT__llama3.1-8b__Offline.csv.gz", "8-GPU server wall power", 0.045],
  ["vllm-truth/RTX4090_Llama-3.1-8B.tar.gz", "vLLM per-request timings, mean TTFT", 0.1],
  ["vllm-truth/RTX4090_Llama-3.1-8B.tar.gz", "vLLM per-request timings, mean TPOT", 0.06],
  ["vllm-truth/RTX4090_Llama-3.1-8B.tar.gz", "vLLM per-request timings, mean end to end", 0.09],
  ["splitwise/perf_model.csv.gz", "splitwise-sim, its own latency table: TTFT", 1e-6],
  ["splitwise/perf_model.csv.gz", "splitwise-sim, its own latency table: TBT", 1e-6],
  ["splitwise/perf_model.csv.gz", "splitwise-sim, its own latency table: E2E", 1e-6],
  ["aiconfigurator/silicon_sample.csv.gz", "aiconfigurator serving runs, TTFT", 0.2],
  ["aiconfigurator/silicon_sample.csv.gz", "aiconfigurator serving runs, TPOT", 0.1],
  ["mlperf-v5.1/train_llm_runs_upto512.csv.gz", "Llama-3.1-405B training step", 0.05],
  ["mlperf-v5.1/train_llm_runs_upto512.csv.gz", "LoRA and 8B training, scaling", 0.12],
];

for (const [file, name, error] of REACHED) {
  test(
    `${name}: at most ${Number((100 * error).toPrecision(3))} % off on configurations that nothing was fitted to`,
    { skip: sharedData(file).skip },
    () => {
      const { error: actual, bound, n } = row(name);
      assert.ok(n > 0 && actual <= error, `${actual} on ${n}`);
      assert.ok(error <= bound);
    },
  );
}

test("three of four racks keep their published tokens/s at the latency limit within 20 %, and the fourth says by how much it misses", () => {
  const racks = validate(import.meta.dirname, loadCatalog()).rows.filter((candidate) => candidate.case.startsWith("rack"));
  assert.equal(racks.length, 4);
  assert.equal(racks.filter((rack) => rack.withinBound).length, 3);
  const missed = racks.find((rack) => !rack.withinBound);
  assert.match(missed?.case ?? "", /GB300 NVL72, llama-3.1-405b/);
  assert.match(missed?.note ?? "", /server 12248 tokens\/s published, \d+ predicted/);
});
