/** Training throughput from MLPerf step logs. `node packages/catalog/fit/training.ts --data DIR` */
import { loadCatalog } from "../src/index.ts";
import { dataFolder, mean, readCsv, report, residual, rounded, significant, type Fit } from "./tools.ts";

/** The best run of a gang of this size. */
interface Run {
  readonly gpus: number;
  readonly stepS: number;
  readonly tokensPerSPerGpu: number;
}

/** Benchmarks of MLPerf Training and how their fits are called here. Samples are, or are packed to, 8,192 tokens. */
const BENCHMARKS = { llama31_405b: "llama-3.1-405b", llama31_8b: "llama-3.1-8b", llama2_70b_lora: "llama-2-70b-lora" } as const;
const SAMPLE_TOKENS = 8192;

/** How the logs call the chips. */
const CHIPS = { h100: /H100/, h200: /H200/, b200: /B200-SXM/, b300: /B300-SXM/, gb200: /\(GB200\)/, gb300: /\(GB300\)/ } as const;

/** Loss per doubling: slope of ln(tokens/s/GPU) over log2(GPUs), least squares, where there is more than one size. */
export function fitTraining(data: string): Fit {
  const rows = readCsv(data, "mlperf-v5.1/train_llm_runs_upto512.csv.gz");
  const catalog = loadCatalog();
  const values: Record<string, number> = {};
  const pairs: { model: number; measured: number }[] = [];
  for (const [benchmark, name] of Object.entries(BENCHMARKS)) {
    for (const [chip, pattern] of Object.entries(CHIPS)) {
      const entry = catalog.training.get(`${name}-${chip}`);
      if (entry === undefined) continue;
      const logged = rows.filter(
        (row) => row["benchmark"] === benchmark && pattern.test(row["accelerator"]) && Number(row["median_step_s"]) > 0,
      );
      const runs = [...Map.groupBy(logged, (row) => Number(row["accelerators"])).values()].map(bestRun);
      const base = runs.find(({ gpus }) => gpus === entry.gpus)!;
      const key = `training/${entry.id}`;
      values[`${key}/tokensPerSPerGpu`] = significant(base.tokensPerSPerGpu, 4);
      values[`${key}/stepS`] = rounded(base.stepS, 3);
      const lossPerDoubling = runs.length > 1 ? 1 - Math.exp(slope(runs)) : entry.lossPerDoubling;
      if (runs.length > 1) values[`${key}/lossPerDoubling`] = rounded(lossPerDoubling, 3);
      for (const { gpus, tokensPerSPerGpu } of runs) {
        const model = base.tokensPerSPerGpu * (1 - lossPerDoubling) ** Math.log2(gpus / base.gpus);
        pairs.push({ model, measured: tokensPerSPerGpu });
      }
    }
  }
  return { values, residuals: [residual("tokens/s/GPU, best run of each logged size", pairs)] };
}

function bestRun(logged: readonly Readonly<Record<string, string>>[]): Run {
  const runs = logged.map((row): Run => {
    const [gpus, stepS] = [Number(row["accelerators"]), Number(row["median_step_s"])];
    return { gpus, stepS, tokensPerSPerGpu: (Number(row["global_batch_size"]) * SAMPLE_TOKENS) / stepS / gpus };
  });
  return runs.reduce((best, run) => (run.tokensPerSPerGpu > best.tokensPerSPerGpu ? run : best));
}

function slope(runs: readonly Run[]): number {
  const points = runs.map(({ gpus, tokensPerSPerGpu }) => [Math.log2(gpus), Math.log(tokensPerSPerGpu)] as const);
  const [x0, y0] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  return mean(points.map(([x, y]) => (x - x0) * (y - y0))) / mean(points.map(([x]) => (x - x0) ** 2));
}

if (import.meta.main) report(fitTraining(dataFolder()));
