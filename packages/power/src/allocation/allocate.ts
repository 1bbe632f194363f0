import { PulmuError } from "@pulmu/units";
import { DeviceKind } from "./device-kind.ts";
import type { Allocation, AllocationProblem } from "./problem.ts";

/** A budget with less than this left is full, W: rounding must not keep a round going. */
const FULL_W = 1e-6;

/**
 * The best allocation, exactly: the steps of all curves in order of worth per watt, each as far as the budgets above its device
 * reach. Budgets that nest form a polymatroid, on which this greedy is optimal (Edmonds 1970; proof in docs/allocation.md).
 * @throws PulmuError `power.minimum` when the devices' minima alone exceed a budget, naming the nodes by `nameOf`
 */
export function allocate(problem: AllocationProblem, nameOf: (node: number) => string = String): Allocation {
  return new Allocator(problem).solve(nameOf);
}

/** A straight piece of one kind's curve: how wide it is, and what a watt in it is worth. */
interface Climb {
  readonly kind: DeviceKind;
  readonly widthW: number;
  readonly worth: number;
}

/**
 * An allocation that is kept up to date. Devices with the same curve and weight are one kind; steps of equal worth, of whatever
 * kind, are raised together by the same share of their width until a budget above some of them is full: those stop, the rest goes
 * on. So equals get equal, and the answer depends on the problem alone, not on how it came to be.
 *
 * Cost of `solve`: devices + Σ over kinds of (steps × budget nodes it uses) + full nodes × nodes of the round they fill in.
 */
export class Allocator {
  readonly #problem: AllocationProblem;
  readonly #budgetW: Float64Array;
  readonly #minW: Float64Array;
  readonly #curveOf: Int32Array;
  readonly #weight: Float64Array;
  /** By curve, then weight. */
  readonly #kinds: Map<number, DeviceKind>[];
  /** Every step of every kind, most worth first. */
  #climbs: Climb[] = [];
  #climbsKnown = false;
  readonly #scratch: Int32Array;
  /** Nodes that are full in the allocation at hand. */
  readonly #closed: Uint8Array;
  #closedCount = 0;
  readonly #askW: Float64Array;
  readonly #round: Int32Array;

  /** The problem is copied where it can change; its tree and curves are not. */
  constructor(problem: AllocationProblem) {
    const nodes = problem.parent.length;
    this.#problem = problem;
    this.#budgetW = problem.budgetW.slice();
    this.#minW = problem.minW.slice();
    this.#curveOf = problem.curveOf.slice();
    this.#weight = problem.weight.slice();
    this.#kinds = problem.curves.map(() => new Map());
    this.#scratch = new Int32Array(nodes).fill(-1);
    this.#closed = new Uint8Array(nodes);
    this.#askW = new Float64Array(nodes);
    this.#round = new Int32Array(nodes);
    for (let device = 0; device < problem.nodeOf.length; device++) this.#join(device);
  }

  setBudget(node: number, budgetW: number): void {
    this.#budgetW[node] = budgetW;
  }

  setMinimum(device: number, minW: number): void {
    this.#minW[device] = minW;
  }

  /** Gives a device another curve (one of the problem's) and weight. */
  setValue(device: number, curve: number, weight: number): void {
    if (curve === this.#curveOf[device] && weight === this.#weight[device]) return;
    this.#leave(device);
    this.#curveOf[device] = curve;
    this.#weight[device] = weight;
    this.#join(device);
  }

  /** @throws PulmuError as `allocate` */
  solve(nameOf: (node: number) => string = String): Allocation {
    const slackW = this.#slackAtMinimum(nameOf);
    this.#closed.fill(0);
    this.#closedCount = 0;
    this.#prepare();
    const climbs = this.#climbs;
    let value = 0;
    for (let first = 0; first < climbs.length;) {
      let end = first + 1;
      while (end < climbs.length && climbs[end].worth === climbs[first].worth) end++;
      value += climbs[first].worth * this.#raise(first, end, slackW);
      first = end;
    }
    return { powerW: this.#powers(), slackW, value };
  }

  /** Raises the steps [first, end) together, all worth the same. Returns the watts given. */
  #raise(first: number, end: number, slackW: Float64Array): number {
    const climbs = this.#climbs;
    const askW = this.#askW;
    const round = this.#round;
    let share = 0; // of their steps that the climbing devices have been raised by
    let givenW = 0;
    for (;;) {
      for (let c = first; c < end; c++) this.#stopClosed(climbs[c], share);
      const nodes = this.#ask(first, end);
      if (nodes === 0) return givenW; // nobody is left
      const rest = 1 - share;
      let more = rest;
      for (let i = 0; i < nodes; i++) if (slackW[round[i]] < askW[i] * more) more = slackW[round[i]] / askW[i];
      share += more;
      for (let c = first; c < end; c++) givenW += climbs[c].widthW * more * climbs[c].kind.left;
      let full = false;
      for (let i = 0; i < nodes; i++) {
        const leftW = slackW[round[i]] - askW[i] * more;
        if (leftW >= FULL_W) slackW[round[i]] = leftW;
        else {
          slackW[round[i]] = 0;
          full = true;
        }
      }
      if (full) this.#close(nodes, slackW);
      if (more === rest) break;
    }
    for (let c = first; c < end; c++) climbs[c].kind.levelW += climbs[c].widthW;
    return givenW;
  }

  /** Stops the devices of a step's kind under nodes that have become full, a share of the step up. */
  #stopClosed({ kind, widthW }: Climb, share: number): void {
    if (kind.closedSeen === this.#closedCount) return;
    kind.closedSeen = this.#closedCount;
    if (kind.liveCount > 0) kind.stop(this.#closed, kind.levelW + share * widthW);
  }

  /** What the steps [first, end) would take if raised in full: nodes, parents first, into `#round`, watts into `#askW`. */
  #ask(first: number, end: number): number {
    const round = this.#round;
    const askW = this.#askW;
    if (end === first + 1) {
      const { kind, widthW } = this.#climbs[first];
      const { live, liveCount, nodes, climbing } = kind;
      for (let i = 0; i < liveCount; i++) {
        round[i] = nodes[live[i]];
        askW[i] = climbing[live[i]] * widthW;
      }
      return liveCount;
    }
    const placeOf = this.#scratch;
    let count = 0;
    for (let c = first; c < end; c++) {
      const { kind, widthW } = this.#climbs[c];
      const { live, liveCount, nodes, climbing } = kind;
      for (let i = 0; i < liveCount; i++) {
        const n = nodes[live[i]];
        if (placeOf[n] < 0) {
          placeOf[n] = count;
          round[count] = n;
          askW[count++] = 0;
        }
        askW[placeOf[n]] += climbing[live[i]] * widthW;
      }
    }
    for (let i = 0; i < count; i++) placeOf[round[i]] = -1;
    return count;
  }

  /** Marks the nodes of a round that are full. */
  #close(nodes: number, slackW: Float64Array): void {
    for (let i = 0; i < nodes; i++) {
      const n = this.#round[i];
      if (slackW[n] > 0 || this.#closed[n] === 1) continue;
      this.#closed[n] = 1;
      this.#closedCount++;
    }
  }

  #powers(): Float64Array {
    const { nodeOf } = this.#problem;
    const powerW = this.#minW.slice();
    const place = this.#scratch;
    for (const byWeight of this.#kinds) {
      for (const { members, nodes, stoppedAtW, levelW } of byWeight.values()) {
        for (let i = 0; i < nodes.length; i++) place[nodes[i]] = i;
        for (let m = 0; m < members.length; m++) {
          const stoppedW = stoppedAtW[place[nodeOf[members[m]]]];
          powerW[members[m]] += Number.isNaN(stoppedW) ? levelW : stoppedW;
        }
      }
    }
    place.fill(-1);
    return powerW;
  }

  /** What is left of each budget when every device uses its minimum. */
  #slackAtMinimum(nameOf: (node: number) => string): Float64Array {
    const { parent, nodeOf } = this.#problem;
    const slackW = new Float64Array(parent.length);
    for (let i = 0; i < nodeOf.length; i++) slackW[nodeOf[i]] += this.#minW[i];
    for (let n = parent.length - 1; n >= 0; n--) {
      if (parent[n] >= 0) slackW[parent[n]] += slackW[n];
      slackW[n] = this.#budgetW[n] - slackW[n];
    }
    if (slackW.some((leftW) => leftW < -FULL_W)) throw this.#tooSmall(slackW, nameOf);
    for (let n = 0; n < slackW.length; n++) if (slackW[n] < FULL_W) slackW[n] = 0;
    return slackW;
  }

  #tooSmall(slackW: Float64Array, nameOf: (node: number) => string): PulmuError {
    const kW = (powerW: number) => `${(powerW / 1e3).toFixed(1)} kW`;
    return new PulmuError(
      [...slackW.keys()]
        .filter((n) => slackW[n] < -FULL_W)
        .map((n) => ({
          code: "power.minimum",
          path: nameOf(n),
          value: kW(this.#budgetW[n]),
          rule: `the devices below it need ${kW(this.#budgetW[n] - slackW[n])} at their lowest caps`,
          hint: "raise the budget, or take racks out of service",
        })),
    );
  }

  /** Counts what changed, puts the steps in order, and everybody at the foot of the curves. */
  #prepare(): void {
    const { nodeOf, parent, curves } = this.#problem;
    if (!this.#climbsKnown) {
      this.#climbs = [];
      for (const byWeight of this.#kinds) {
        for (const kind of byWeight.values()) {
          const { stepW, slope } = curves[kind.curve];
          for (let from = 0, to = 0; from < slope.length && slope[from] > 0; from = to) {
            let widthW = 0;
            for (; to < slope.length && slope[to] === slope[from]; to++) widthW += stepW[to];
            this.#climbs.push({ kind, widthW, worth: slope[from] * kind.weight });
          }
        }
      }
      // Equal worth: by curve and weight, so that the order of sums does not depend on history.
      this.#climbs.sort((a, b) => b.worth - a.worth || a.kind.curve - b.kind.curve || a.kind.weight - b.kind.weight);
      this.#climbsKnown = true;
    }
    for (const byWeight of this.#kinds) {
      for (const kind of byWeight.values()) {
        if (!kind.counted) kind.count(nodeOf, parent, this.#scratch);
        kind.reset();
      }
    }
  }

  #join(device: number): void {
    const weight = this.#weight[device];
    const byWeight = this.#kinds[this.#curveOf[device]];
    let kind = byWeight.get(weight);
    if (kind === undefined) {
      kind = new DeviceKind(this.#curveOf[device], weight);
      byWeight.set(weight, kind);
      this.#climbsKnown = false;
    }
    kind.members.push(device);
    kind.counted = false;
  }

  #leave(device: number): void {
    const byWeight = this.#kinds[this.#curveOf[device]];
    const kind = byWeight.get(this.#weight[device]);
    if (kind === undefined) return;
    kind.members.splice(kind.members.indexOf(device), 1);
    kind.counted = false;
    if (kind.members.length > 0) return;
    byWeight.delete(this.#weight[device]);
    this.#climbsKnown = false;
  }
}
