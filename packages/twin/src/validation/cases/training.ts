import { TRAINING_FITTED_TO } from "../../steptime/index.ts";
import { type Comparison, judge, quantile, type ValidationRow } from "../errors.ts";
import { readTrainingRuns, type TrainingRun } from "../readers/training.ts";
import type { CaseInputs } from "../validate.ts";

const LARGE = "llama-3.1-405b";
const percent = (run: TrainingRun): string => `${run.chip.id} × ${run.gpus}: ${(100 * (run.predict() / run.stepS - 1)).toFixed(1)} %`;

/** How many times faster than on a submitter's fewest GPUs, measured and predicted, for each larger number of GPUs. */
function scaling(runs: readonly TrainingRun[]): readonly Comparison[] {
  const perS = (list: readonly TrainingRun[], step: (run: TrainingRun) => number): number =>
    quantile(
      list.map((run) => run.batch / step(run)),
      0.5,
    );
  return [...Map.groupBy(runs, (run) => `${run.benchmark}|${run.chip.id}|${run.submitter}`).values()].flatMap((list) => {
    const sizes = [...Map.groupBy(list, (run) => run.gpus)].sort(([a], [b]) => a - b).map(([, same]) => same);
    const [base, ...larger] = sizes;
    return larger.map((same): Comparison => {
      const gain = (step: (run: TrainingRun) => number): number => perS(same, step) / perS(base, step);
      return {
        measured: gain((run) => run.stepS),
        predicted: gain((run) => run.predict()),
        seen: [...same, ...base].every((run) => TRAINING_FITTED_TO.has(run.key)),
      };
    });
  });
}

/** Step times and scaling of MLPerf Training runs. The largest model is never fitted to. */
export function trainingRows({ files, catalog }: CaseInputs): readonly ValidationRow[] {
  const runs = files.filter((file) => file.format === "mlperf-training").flatMap((file) => readTrainingRuns(file.text, catalog).runs);
  const rows: ValidationRow[] = [];
  const large = runs.filter((run) => run.model.id === LARGE);
  const judged = large.filter((run) => run.gpus >= 512);
  const compare = (run: TrainingRun): Comparison => ({
    measured: run.stepS,
    predicted: run.predict(),
    seen: TRAINING_FITTED_TO.has(run.key),
  });
  if (judged.length > 0) {
    const others = large.filter((run) => !judged.includes(run));
    const note = [
      "no step of this model was fitted to",
      ...judged.map(percent),
      ...(others.length > 0 ? [`fewer GPUs, not judged: ${others.map((run) => `${percent(run)} (${run.submitter})`).join(", ")}`] : []),
    ].join("; ");
    rows.push(judge("Llama-3.1-405B training step, 512 GPUs and more, worst", judged.map(compare), 0.05, "max", note));
  }
  const small = runs.filter((run) => run.model.id !== LARGE);
  const gains = scaling(small);
  if (gains.length > 0) {
    const worst = quantile(
      gains.map((gain) => Math.abs(gain.predicted / gain.measured - 1)),
      1,
    );
    const note = `speed-ups from a submitter's fewest GPUs, ${gains.length} of them; the worst is ${(100 * worst).toFixed(0)} % off`;
    rows.push(judge("LoRA and 8B training, scaling by GPU count, mean", gains, 0.15, "mean", note));
    rows.push(judge("LoRA and 8B training, step time, median", small.map(compare), 0.15, "median", `${small.length} configurations`));
  }
  return rows;
}
