import { UNBOUND } from "./arms.ts";
import { JOB_IDS } from "./jobs.ts";
import type { Seen } from "./play.ts";
import { gainOf, gainText, p99Beside, signed } from "./table.ts";
import type { Result, Trial } from "./trial.ts";

/** What was asked of steering, whether it held, and the figure. */
export interface Line {
  readonly what: string;
  readonly held: boolean;
  readonly figure: string;
}

const LEAST_GAIN = 0.15;
const MOST_SLOWER = 0.1;

export function verdict({ flooded, served }: Trial): readonly Line[] {
  const [a0, ours] = [runsOf(flooded, "A0"), runsOf(flooded, "A4")];
  const [ours0, oursServed] = [runsOf(served, "A0"), runsOf(served, "A4")];
  const slower = {
    low: Math.max(...p99Beside(ours, a0, "low"), ...p99Beside(oursServed, ours0, "low")),
    high: Math.max(...p99Beside(ours, a0, "high"), ...p99Beside(oursServed, ours0, "high")),
  };
  const all = [...ours, ...oursServed];
  return [
    {
      what: "15 % more tokens than A0",
      held: sure(gainOf(ours, a0), LEAST_GAIN),
      figure: `${gainText(ours, a0)} of ${gainText(runsOf(flooded, UNBOUND.id), a0)} without an envelope`,
    },
    ...["A1", "A2"].map((id) => ({
      what: `more tokens than ${id}`,
      held: sure(gainOf(ours, runsOf(flooded, id)), 0),
      figure: `${gainText(ours, runsOf(flooded, id))}, whose low job's p99 is ${signed(Math.max(...p99Beside(runsOf(flooded, id), a0, "low")))}`,
    })),
    ...JOB_IDS.map((id) => ({
      what: `p99 of the ${id} job within 10 % of A0's`,
      held: slower[id] <= MOST_SLOWER,
      figure: signed(slower[id]),
    })),
    {
      what: "no 10 s mean above the envelope, no breaker over its rating",
      held: all.every(({ overS, overloads }) => overS + overloads === 0),
      figure: `${all.reduce((sum, { overS }) => sum + overS, 0)} s, ${all.reduce((sum, { overloads }) => sum + overloads, 0)} overloads`,
    },
  ];
}

/** With one seed there is no interval, and the mean has to do. */
function sure([mean, half]: readonly [number, number], least: number): boolean {
  return (Number.isNaN(half) ? mean : mean - half) > least;
}

function runsOf(results: readonly Result[], id: string): readonly Seen[] {
  return results.find(({ arm }) => arm.id === id)!.runs;
}
