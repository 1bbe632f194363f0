import { STACKS } from "../../steptime/index.ts";
import { type Comparison, judge, type ValidationRow } from "../errors.ts";
import { readVllmRuns, type RequestMeans } from "../readers/vllm-bench.ts";
import type { CaseInputs } from "../validate.ts";

const MEASURES: readonly (readonly [string, keyof RequestMeans])[] = [
  ["TTFT", "ttftS"],
  ["TPOT", "tpotS"],
  ["end to end", "e2eS"],
];

/**
 * Real vLLM runs replayed request by request. Where the chip's coefficients were fitted to the first half of a run's requests, the second
 * half is judged; other runs are judged whole.
 */
export function vllmRows({ files, catalog }: CaseInputs): readonly ValidationRow[] {
  const archives = files.filter((file) => file.format === "vllm-bench").map((file) => readVllmRuns(file.path, catalog));
  const runs = archives.flatMap(({ runs: found }) => found);
  if (runs.length === 0) return [];
  const results = runs.map((run) => {
    const fitted = STACKS.some((stack) => stack.engine === "vllm" && stack.chip === run.chip && stack.models.includes(run.model));
    return { run, half: fitted ? ("second" as const) : ("all" as const), predicted: run.predict() };
  });
  const skipped = archives.flatMap((archive) => archive.skipped);
  return MEASURES.map(([name, measure]) => {
    const comparisons: Comparison[] = results.map(({ run, half, predicted }) => ({
      measured: run.measured[half][measure],
      predicted: predicted[half][measure],
      seen: false,
    }));
    const each = results.map(({ run, half, predicted }) => {
      const error = predicted[half][measure] / run.measured[half][measure] - 1;
      return `${run.model} on ${run.chip} (${half === "all" ? "all" : "second half of"} ${run.requests} requests): ${(100 * error).toFixed(1)} %`;
    });
    const left = skipped.map((folder) => `${folder}: unknown chip or model`);
    return judge(`vLLM per-request timings, mean ${name}, worst run`, comparisons, 0.15, "max", [...each, ...left].join("; "));
  });
}
