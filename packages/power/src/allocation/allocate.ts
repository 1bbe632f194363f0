import { PulmuError } from "@pulmu/units";
import type { Allocation, AllocationProblem } from "./problem.ts";

/**
 * The best allocation, exactly: the steps of all curves in order of worth per watt, each as far as the budgets above its device
 * reach. Budgets that nest form a polymatroid, on which this greedy is optimal (Edmonds 1970; proof in docs/allocation.md).
 *
 * Devices with the same curve and weight have the same steps, so the order is worked out per class: cost is devices × steps ×
 * depth, plus a sort of (classes × steps). Equal worth: in order of class, then device; so equal problems give equal bytes.
 * @throws PulmuError `power.minimum` when the devices' minima alone exceed a budget, naming the nodes by `nameOf`
 */
export function allocate(problem: AllocationProblem, nameOf: (node: number) => string = String): Allocation {
  const { parent, nodeOf, minW, curves } = problem;
  const powerW = minW.slice();
  const slackW = slackAtMinimum(problem, nameOf);
  const order = stepsByWorth(problem);
  let value = 0;
  for (const { devices, curve, step, worth } of order) {
    const widthW = curves[curve].stepW[step];
    let takenW = 0;
    for (let i = 0; i < devices.length; i++) {
      const device = devices[i];
      let roomW = widthW;
      for (let n = nodeOf[device]; n >= 0; n = parent[n]) if (slackW[n] < roomW) roomW = slackW[n];
      if (roomW <= 0) continue;
      for (let n = nodeOf[device]; n >= 0; n = parent[n]) slackW[n] -= roomW;
      powerW[device] += roomW;
      takenW += roomW;
    }
    value += takenW * worth;
  }
  return { powerW, slackW, value };
}

/** What is left of each budget when every device uses its minimum. */
function slackAtMinimum({ parent, budgetW, nodeOf, minW }: AllocationProblem, nameOf: (node: number) => string): Float64Array {
  const usedW = new Float64Array(budgetW.length);
  for (let i = 0; i < nodeOf.length; i++) usedW[nodeOf[i]] += minW[i];
  for (let n = budgetW.length - 1; n >= 0; n--) if (parent[n] >= 0) usedW[parent[n]] += usedW[n];
  const over = [...budgetW.keys()].filter((n) => usedW[n] > budgetW[n]);
  if (over.length > 0) {
    const kW = (powerW: number) => `${(powerW / 1e3).toFixed(1)} kW`;
    throw new PulmuError(
      over.map((n) => ({
        code: "power.minimum",
        path: nameOf(n),
        value: kW(budgetW[n]),
        rule: `the devices below it need ${kW(usedW[n])} at their lowest caps`,
        hint: "raise the budget, or take racks out of service",
      })),
    );
  }
  return budgetW.map((budget, n) => budget - usedW[n]);
}

interface ClassStep {
  readonly devices: readonly number[];
  readonly curve: number;
  readonly step: number;
  /** Value of one watt. */
  readonly worth: number;
}

/** Every step of every class, most worth first. Within a class slopes do not rise, so a curve's own order is kept. */
function stepsByWorth({ curves, curveOf, weight }: AllocationProblem): ClassStep[] {
  const classes = new Map<number, Map<number, number[]>>();
  for (let i = 0; i < curveOf.length; i++) {
    let byWeight = classes.get(curveOf[i]);
    if (byWeight === undefined) classes.set(curveOf[i], (byWeight = new Map()));
    const devices = byWeight.get(weight[i]);
    if (devices === undefined) byWeight.set(weight[i], [i]);
    else devices.push(i);
  }
  const steps: ClassStep[] = [];
  for (const [curve, byWeight] of classes) {
    for (const [classWeight, devices] of byWeight) {
      for (let step = 0; step < curves[curve].slope.length; step++) {
        steps.push({ devices, curve, step, worth: curves[curve].slope[step] * classWeight });
      }
    }
  }
  return steps.filter(({ worth }) => worth > 0).sort((a, b) => b.worth - a.worth);
}
