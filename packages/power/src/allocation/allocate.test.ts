import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import loadHighs from "highs";
import { allocate, Allocator } from "./allocate.ts";
import { maxOf, type AllocationProblem, type ValueCurve } from "./problem.ts";

const curve = fc
  .array(fc.record({ stepW: fc.integer({ min: 1, max: 300 }), drop: fc.integer({ min: 0, max: 50 }) }), { minLength: 1, maxLength: 5 })
  .map((steps): ValueCurve => {
    let slope = 200;
    return {
      stepW: Float64Array.from(steps, ({ stepW }) => stepW),
      slope: Float64Array.from(steps, ({ drop }) => (slope = Math.max(0, slope - drop))),
    };
  });

/** A random tree of up to a dozen budgets with up to two dozen devices on it, whose minima fit. */
const problems: fc.Arbitrary<AllocationProblem> = fc
  .record({
    curves: fc.array(curve, { minLength: 1, maxLength: 4 }),
    nodes: fc.array(fc.record({ parent: fc.nat(), percent: fc.integer({ min: 0, max: 120 }) }), { minLength: 1, maxLength: 12 }),
    devices: fc.array(
      fc.record({ node: fc.nat(), curve: fc.nat(), minW: fc.integer({ min: 0, max: 100 }), weight: fc.integer({ min: 1, max: 4 }) }),
      {
        minLength: 1,
        maxLength: 24,
      },
    ),
  })
  .map(({ curves, nodes, devices }) => {
    const problem = {
      parent: Int32Array.from(nodes, ({ parent }, n) => (n === 0 ? -1 : parent % n)),
      budgetW: new Float64Array(nodes.length),
      nodeOf: Int32Array.from(devices, ({ node }) => node % nodes.length),
      minW: Float64Array.from(devices, ({ minW }) => minW),
      curves,
      curveOf: Int32Array.from(devices, (device) => device.curve % curves.length),
      weight: Float64Array.from(devices, ({ weight }) => weight),
    };
    const least = belowEach(problem, problem.minW);
    const most = belowEach(
      problem,
      Float64Array.from(devices, (_, i) => maxOf(problem, i)),
    );
    nodes.forEach(({ percent }, n) => (problem.budgetW[n] = least[n] + (percent / 100) * (most[n] - least[n])));
    return problem;
  });

/** Sum of a column over the devices below each node. */
function belowEach({ parent, nodeOf }: Pick<AllocationProblem, "parent" | "nodeOf">, column: Float64Array): Float64Array {
  const sum = new Float64Array(parent.length);
  nodeOf.forEach((node, i) => (sum[node] += column[i]));
  for (let n = parent.length - 1; n > 0; n--) sum[parent[n]] += sum[n];
  return sum;
}

/** The same problem in CPLEX LP format: one variable for each step. */
function asLp(problem: AllocationProblem): string {
  const { parent, budgetW, nodeOf, minW, curves, curveOf, weight } = problem;
  const objective: string[] = [];
  const bounds: string[] = [];
  const below: string[][] = Array.from(parent, () => []);
  nodeOf.forEach((node, i) => {
    const { stepW, slope } = curves[curveOf[i]];
    stepW.forEach((widthW, j) => {
      objective.push(`${slope[j] * weight[i]} x${i}_${j}`);
      bounds.push(`0 <= x${i}_${j} <= ${widthW}`);
      for (let n = node; n >= 0; n = parent[n]) below[n].push(`x${i}_${j}`);
    });
  });
  const least = belowEach(problem, minW);
  const rows = below.flatMap((terms, n) => (terms.length === 0 ? [] : [`c${n}: ${terms.join(" + ")} <= ${budgetW[n] - least[n]}`]));
  return `Maximize\nobj: ${objective.join(" + ")}\nSubject To\n${rows.join("\n")}\nBounds\n${bounds.join("\n")}\nEnd\n`;
}

test("given thousands of random trees, the greedy allocation is worth exactly what an LP solver finds, inside every budget", async () => {
  // The package is CommonJS and its types say otherwise; what is imported is the loader itself.
  const highs = await (loadHighs as unknown as () => Promise<{ solve(lp: string): { readonly ObjectiveValue: number } }>)();
  fc.assert(
    fc.property(problems, (problem) => {
      const { powerW, slackW, value } = allocate(problem);
      const used = belowEach(problem, powerW);
      used.forEach((usedW, n) => {
        assert.ok(usedW <= problem.budgetW[n] + 1e-6, `node ${n}: ${usedW} of ${problem.budgetW[n]} W`);
        assert.ok(Math.abs(problem.budgetW[n] - usedW - slackW[n]) < 1e-6);
      });
      powerW.forEach((deviceW, i) => assert.ok(deviceW >= problem.minW[i] && deviceW <= maxOf(problem, i) + 1e-9));
      const best = highs.solve(asLp(problem)).ObjectiveValue;
      assert.ok(Math.abs(value - best) <= 1e-6 * Math.max(1, best), `greedy ${value}, solver ${best}`);
    }),
    { numRuns: 3000 },
  );
});

test("given equal problems, the allocations are equal to the bit", () => {
  fc.assert(
    fc.property(problems, (problem) => assert.deepEqual(allocate(problem).powerW, allocate(structuredClone(problem)).powerW)),
    { numRuns: 200 },
  );
});

test("given more budget, nothing is worth less; given more weight, a device gets no less", () => {
  fc.assert(
    fc.property(problems, fc.nat(), (problem, pick) => {
      const before = allocate(problem);
      const node = pick % problem.parent.length;
      const richer = { ...problem, budgetW: problem.budgetW.map((budgetW, n) => (n === node ? budgetW * 1.5 : budgetW)) };
      assert.ok(allocate(richer).value >= before.value - 1e-6);
      const device = pick % problem.nodeOf.length;
      const heavier = { ...problem, weight: problem.weight.map((weight, i) => (i === device ? weight * 2 : weight)) };
      assert.ok(allocate(heavier).powerW[device] >= before.powerW[device] - 1e-9);
    }),
    { numRuns: 500 },
  );
});

test("given any changes one after the other, the kept allocation equals a fresh one to the bit", () => {
  const change = fc.record({
    device: fc.nat(),
    curve: fc.nat(),
    weight: fc.integer({ min: 1, max: 4 }),
    less: fc.integer({ min: 0, max: 100 }),
  });
  fc.assert(
    fc.property(problems, fc.array(change, { minLength: 1, maxLength: 8 }), (problem, changes) => {
      const kept = new Allocator(problem);
      kept.solve();
      const { curveOf, weight, minW, budgetW } = structuredClone(problem);
      for (const { device, curve, weight: newWeight, less } of changes) {
        const i = device % weight.length;
        const n = device % budgetW.length;
        kept.setValue(i, (curveOf[i] = curve % problem.curves.length), (weight[i] = newWeight));
        kept.setMinimum(i, (minW[i] = (minW[i] * less) / 100));
        kept.setBudget(n, (budgetW[n] += less));
        assert.deepEqual(kept.solve().powerW, allocate({ ...problem, curveOf, weight, minW, budgetW }).powerW);
      }
    }),
    { numRuns: 1000 },
  );
});

test("given devices of equal worth on one budget, each gets the same, whatever their order", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 100 }), (devices, percent) => {
      const problem: AllocationProblem = {
        parent: Int32Array.from([-1]),
        budgetW: Float64Array.from([devices * 700 + devices * 5 * percent]),
        nodeOf: new Int32Array(devices),
        minW: new Float64Array(devices).fill(700),
        curves: [{ stepW: Float64Array.from([300, 200]), slope: Float64Array.from([2, 1]) }],
        curveOf: new Int32Array(devices),
        weight: new Float64Array(devices).fill(1),
      };
      for (const powerW of allocate(problem).powerW) assert.ok(Math.abs(powerW - (700 + 5 * percent)) < 1e-6);
    }),
  );
});

test("given minima that do not fit, every node that is too small is named with what it lacks", () => {
  const problem: AllocationProblem = {
    parent: Int32Array.from([-1, 0]),
    budgetW: Float64Array.from([5000, 2000]),
    nodeOf: Int32Array.from([1, 1]),
    minW: Float64Array.from([1500, 1500]),
    curves: [{ stepW: Float64Array.from([100]), slope: Float64Array.from([1]) }],
    curveOf: Int32Array.from([0, 0]),
    weight: Float64Array.from([1, 1]),
  };
  assert.throws(() => allocate(problem, (n) => ["main-a", "bus-1"][n]), {
    message: "bus-1: 2.0 kW: the devices below it need 3.0 kW at their lowest caps (raise the budget, or take racks out of service)",
  });
});
