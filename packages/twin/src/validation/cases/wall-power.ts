import { type Comparison, judge, type ValidationRow } from "../errors.ts";
import { readWallRun } from "../readers/wall-power.ts";
import type { CaseInputs } from "../validate.ts";

/** The run that the rise of the rest of the server under load was fitted to. */
const FITTED_TO = /SR780a.*405b__Offline/i;

/** Mean wall power of whole servers under load. */
export function wallPowerRows({ files, catalog }: CaseInputs): readonly ValidationRow[] {
  const logs = files.filter((file) => file.format === "mlperf-wall-power");
  const comparisons: Comparison[] = [];
  const notes: string[] = [];
  for (const file of logs) {
    const run = readWallRun(file.name, file.text, catalog);
    const predictedW = run?.predictW();
    if (run === undefined || predictedW === undefined) {
      notes.push(`${file.name}: no language model, chip or scenario in its name that the catalogue knows`);
      continue;
    }
    comparisons.push({ measured: run.measuredW, predicted: predictedW, seen: FITTED_TO.test(file.name) });
    notes.push(`${run.model.id} ${run.scenario}: ${Math.round(run.measuredW)} W measured, ${Math.round(predictedW)} W predicted`);
  }
  if (comparisons.length === 0) return [];
  return [judge("8-GPU server wall power, MLPerf v5.1, worst", comparisons, 0.05, "max", notes.join("; "))];
}
