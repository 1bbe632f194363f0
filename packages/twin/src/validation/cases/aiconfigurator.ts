import { STACKS, UNSEEN_MODEL_ERRORS } from "../../steptime/index.ts";
import { type Comparison, judge, type ValidationRow } from "../errors.ts";
import { readServingRuns } from "../readers/aiconfigurator.ts";
import type { CaseInputs } from "../validate.ts";

/** Time to first token and per output token of closed-loop serving runs, each distinct measurement once. */
export function aiconfiguratorRows({ files, catalog }: CaseInputs): readonly ValidationRow[] {
  const read = files.filter((file) => file.format === "aiconfigurator").map((file) => readServingRuns(file.text, catalog));
  const runs = read.flatMap(({ runs: found }) => found);
  if (runs.length === 0) return [];
  const fittedModels = new Map(STACKS.map((stack) => [`${stack.engine}/${stack.chip}`, new Set(stack.models)]));
  const results = runs.map((run) => ({
    run,
    result: run.predict(),
    seen: run.forFitting && (fittedModels.get(`${run.engine}/${run.chip}`)?.has(run.model) ?? false),
  }));
  const ttft = results.map(({ run, result, seen }): Comparison => ({ measured: run.ttftS, predicted: result.ttftS, seen }));
  const tpot = results.map(({ run, result, seen }): Comparison => ({ measured: run.tpotS, predicted: result.tpotS, seen }));
  const total = (key: "repeated" | "workersUnknown" | "impossible" | "unknown"): number =>
    read.reduce((sum, { skipped }) => sum + skipped[key], 0);
  const note = [
    `${new Set(runs.map((run) => run.chip)).size} chips, ${new Set(runs.map((run) => run.model)).size} models, 3 engines`,
    `left out: ${total("repeated")} lines that repeat a measurement, ${total("workersUnknown")} disaggregated ones that do not say how many ` +
      `workers there were, ${total("impossible")} whose deployment cannot exist, ${total("unknown")} of unknown models or chips`,
  ].join("; ");
  const { ttft: ttftLeft, tpot: tpotLeft } = UNSEEN_MODEL_ERRORS;
  return [
    { ...judge("aiconfigurator serving runs, TTFT, median", ttft, 0.2, "median", note), unseenModel: ttftLeft.median },
    { ...judge("aiconfigurator serving runs, TPOT, median", tpot, 0.2, "median", note), unseenModel: tpotLeft.median },
  ];
}
