import { STACKS, UNSEEN_MODEL_POWER_ERRORS } from "../../steptime/index.ts";
import { type Comparison, judge, type ValidationRow } from "../errors.ts";
import { readEnergyRuns } from "../readers/ml-energy.ts";
import type { CaseInputs } from "../validate.ts";

/** Power of a GPU and energy of a token, ML.ENERGY chat runs. The batch is taken as measured; time, power and energy are predicted. */
export function mlEnergyRows({ files, catalog }: CaseInputs): readonly ValidationRow[] {
  const read = files.filter((file) => file.format === "ml-energy").map((file) => ({ file, ...readEnergyRuns(file.text, catalog) }));
  const runs = read.flatMap(({ runs: found }) => found);
  if (runs.length === 0) return [];
  const fittedModels = new Map(
    STACKS.filter((stack) => stack.engine === "vllm@ml-energy").map((stack) => [stack.chip, new Set(stack.models)]),
  );
  const results = runs.map((run) => ({
    run,
    result: run.predict(),
    seen: run.forFitting && (fittedModels.get(run.chip)?.has(run.model) ?? false),
  }));
  const compare = (of: (pair: (typeof results)[number]) => readonly [number, number]): Comparison[] =>
    results.map((pair) => {
      const [measured, predicted] = of(pair);
      return { measured, predicted, seen: pair.seen };
    });
  const power = compare(({ run, result }) => [run.powerW, result.gpuPowerW]);
  const energy = compare(({ run, result }) => [run.joulesPerToken, result.joulesPerToken]);
  const strangers = [...new Set(runs.filter((run) => !run.known).map((run) => run.model))];
  const note = [
    read.map(({ file }) => file.name).join(", "),
    strangers.length > 0 ? `from parameter counts alone: ${strangers.join(", ")}` : "",
    read.some(({ skipped }) => skipped > 0)
      ? `${read.reduce((sum, r) => sum + r.skipped, 0)} lines left out: unknown chip or format, or weights that cannot fit`
      : "",
  ]
    .filter((part) => part !== "")
    .join("; ");
  const row = (
    name: string,
    comparisons: readonly Comparison[],
    bound: number,
    kind: "median" | "p90",
    unseenModel: number,
  ): ValidationRow => ({
    ...judge(`${name}, ML.ENERGY chat, ${kind}`, comparisons, bound, kind, note),
    unseenModel,
  });
  const { powerW, joulesPerToken } = UNSEEN_MODEL_POWER_ERRORS;
  return [
    row("GPU power", power, 0.1, "median", powerW.median),
    row("GPU power", power, 0.25, "p90", powerW.p90),
    row("J/token", energy, 0.1, "median", joulesPerToken.median),
    row("J/token", energy, 0.25, "p90", joulesPerToken.p90),
  ];
}
