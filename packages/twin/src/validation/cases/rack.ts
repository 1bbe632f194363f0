import { type Comparison, judge, type ValidationRow } from "../errors.ts";
import { type MlperfResult, mlperfResults } from "../readers/mlperf-inference.ts";
import type { CaseInputs } from "../validate.ts";

/** Tokens/s of racks at their latency limits, against published results kept with the project. Coefficients know 4- and 8-GPU systems only. */
export function rackRows({ catalog }: CaseInputs): readonly ValidationRow[] {
  const racks = mlperfResults(catalog).filter((result) => result.gpus > 8);
  const groups = Map.groupBy(racks, (result) => `${result.system}, ${result.model.id}`);
  return [...groups].map(([name, results]) => {
    const each = results.map((result) => ({ result, predicted: result.predictTokensPerS() }));
    const limited = each.filter(({ result }) => result.scenario !== "offline");
    const comparisons = limited.map(({ result, predicted }): Comparison => ({ measured: result.tokensPerS, predicted, seen: false }));
    const tell = ({ result, predicted }: { result: MlperfResult; predicted: number }): string =>
      `${result.scenario} ${result.tokensPerS} tokens/s published, ${Math.round(predicted)} predicted`;
    return judge(`rack at its latency limit, MLPerf v5.1: ${name}`, comparisons, 0.2, "max", each.map(tell).join("; "));
  });
}
