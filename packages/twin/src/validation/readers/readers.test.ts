import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { readServingRuns } from "./aiconfigurator.ts";
import { readEnergyRuns } from "./ml-energy.ts";
import { parseTable } from "./table.ts";
import { readTar } from "./tar.ts";
import { readTrainingRuns } from "./training.ts";
import { readWallRun } from "./wall-power.ts";

const catalog = loadCatalog();

test("a table keeps commas and quotes inside quoted cells, and empty cells", () => {
  assert.deepEqual(parseTable('a,b,c\n"x, ""y""",,3\n'), [{ a: 'x, "y"', b: "", c: "3" }]);
});

test("an archive gives its files by name, and none of its folders", () => {
  const header = (name: string, size: number, type: string): Uint8Array => {
    const block = new Uint8Array(512);
    block.set(new TextEncoder().encode(name), 0);
    block.set(new TextEncoder().encode(size.toString(8).padStart(11, "0")), 124);
    block.set(new TextEncoder().encode(type), 156);
    return block;
  };
  const contents = new Uint8Array(512);
  contents.set(new TextEncoder().encode("hello"));
  const bytes = Buffer.concat([header("run/", 0, "5"), header("run/a.txt", 5, "0"), contents, new Uint8Array(1024)]);
  assert.deepEqual(readTar(bytes), [{ name: "run/a.txt", text: "hello" }]);
});

const ENERGY_HEAD =
  "model_id,total_params_billions,activated_params_billions,weight_precision,gpu_model,num_gpus,tensor_parallel,expert_parallel,data_parallel," +
  "max_num_seqs,avg_batch_size,avg_output_len,avg_power_watts,energy_per_token_joules,output_throughput_tokens_per_sec";

test("a model that the catalogue does not know is predicted from its parameter counts, and marked so", () => {
  const line = "Someone/New-9B,9.0,9.0,bfloat16,H100,1,1,1,1,32,31.9,600,480,0.24,2000";
  const { runs, skipped } = readEnergyRuns(`${ENERGY_HEAD}\n${line}\n`, catalog);
  assert.equal(skipped, 0);
  assert.equal(runs[0].known, false);
  const { gpuPowerW, joulesPerToken } = runs[0].predict();
  assert.ok(Math.abs(gpuPowerW / 480 - 1) < 0.3 && Math.abs(joulesPerToken / 0.24 - 1) < 0.5, `${gpuPowerW} W, ${joulesPerToken} J`);
});

test("a run on a chip that the catalogue does not know is left out and counted", () => {
  const line = "Qwen/Qwen3-8B,8.0,8.0,bfloat16,TPU-v9,1,1,1,1,32,31.9,600,480,0.24,2000";
  const { runs, skipped } = readEnergyRuns(`${ENERGY_HEAD}\n${line}\n`, catalog);
  assert.deepEqual([runs.length, skipped], [0, 1]);
});

const SERVING_HEAD =
  "silicon_data_source,backend,model_path,system,precision,mode,isl,osl,batch_size,tp_size,pp_size,attention_dp_size,moe_tp_size,moe_ep_size," +
  "decode_batch_size,prefill_num_workers,decode_num_workers,silicon_ttft_ms,silicon_tpot_ms";

test("one measurement that stands twice counts once, and a deployment that cannot exist not at all", () => {
  const good = "silicon_concurrency=8,vllm,meta-llama/Llama-3.1-70B,h200_sxm,fp8,agg,1024,1024,8,2,1,1,2,1,,,,154,14.4";
  const again = "silicon_concurrency=8,vllm,meta-llama/Llama-3.1-70B,h200_sxm,fp8,agg,1024,1024,8,2,1,1,1,1,,,,154,14.4";
  const tooBig = "silicon_concurrency=8,vllm,deepseek-ai/DeepSeek-R1,h200_sxm,fp8,agg,1024,1024,8,1,1,1,1,1,,,,99,9";
  const noWorkers = "silicon_concurrency=8,vllm,meta-llama/Llama-3.1-70B,h200_sxm,fp8,disagg,1024,1024,,,,,,,8,,,88,8";
  const { runs, skipped } = readServingRuns([SERVING_HEAD, good, again, tooBig, noWorkers, ""].join("\n"), catalog);
  assert.equal(runs.length, 1);
  assert.deepEqual(skipped, { repeated: 1, workersUnknown: 1, impossible: 1, unknown: 0 });
});

test("training runs of one configuration are one, with the median of their steps", () => {
  const head = "submitter,system,accelerators,accelerator,benchmark,global_batch_size,sequence_length,median_step_s";
  const line = (step: number): string => `NVIDIA,tyche,72,NVIDIA Blackwell GPU (GB200),llama31_8b,36,8192,${step}`;
  const { runs, skipped } = readTrainingRuns(
    [head, line(0.17), line(0.19), line(0.18), "Cisco,x,8,H200,llama2_70b_lora,8,,"].join("\n"),
    catalog,
  );
  assert.deepEqual([runs.length, runs[0].stepS, runs[0].chip.id, skipped], [1, 0.18, "gb200", 1]);
});

test("a wall-power log is judged between the first and the last reading above half of its load", () => {
  const watts = [2400, 2400, 9000, 9500, 9700, 9500, 9300, 2600, 2400];
  const text = `time,server_wall_W\n${watts.map((w, i) => `2025-07-29T00:00:0${i},${w}`).join("\n")}\n`;
  const run = readWallRun("SR780a_V3_B200SXMx8_TRT__llama3.1-405b__Offline.csv.gz", text, catalog);
  assert.deepEqual([run?.standingW, run?.measuredW, run?.gpus, run?.scenario], [2400, 9400, 8, "offline"]);
  assert.equal(readWallRun("SR780a_V3_B200SXMx8_TRT__stable-diffusion-xl__Offline.csv.gz", text, catalog), undefined);
});
