import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decide } from "./decide.ts";
import { type GroupTable, NEVER, type Place, type RunningTable, type WaitingTable, WHY } from "./decision.ts";

/** One tenant a group, all alike unless said otherwise. */
function groups(count: number, more: Partial<Record<keyof Omit<GroupTable, "parent">, readonly number[]>> = {}): GroupTable {
  const column = (name: keyof typeof more, usual: number) => Float64Array.from({ length: count }, (_, g) => more[name]?.[g] ?? usual);
  return {
    parent: new Int32Array(count).fill(-1),
    guaranteedGpus: column("guaranteedGpus", 0),
    guaranteedW: column("guaranteedW", 0),
    limitGpus: column("limitGpus", Infinity),
    limitW: column("limitW", Infinity),
    weight: column("weight", 1),
    gpuSLeft: column("gpuSLeft", Infinity),
    reservedGpus: column("reservedGpus", 0),
    reservedW: column("reservedW", 0),
  };
}

interface Waits {
  readonly group: number;
  readonly nodes: number;
  readonly oneRack?: boolean;
  readonly paused?: boolean;
}

function waiting(jobs: readonly Waits[]): WaitingTable {
  return {
    group: Int32Array.from(jobs, ({ group }) => group),
    nodes: Int32Array.from(jobs, ({ nodes }) => nodes),
    gpusPerNode: Int32Array.from(jobs, () => 8),
    powerW: Float64Array.from(jobs, ({ nodes }) => nodes * 16_000),
    oneRack: Uint8Array.from(jobs, ({ oneRack }) => Number(oneRack === true)),
    aged: new Uint8Array(jobs.length),
    rank: new Uint8Array(jobs.length).fill(1),
    paused: Uint8Array.from(jobs, ({ paused }) => Number(paused === true)),
  };
}

interface Runs {
  readonly group: number;
  /** Nodes it has in each rack. */
  readonly at: readonly (readonly [rack: number, nodes: number])[];
  readonly tier?: number;
  readonly cost?: number;
  /** Shares of its power that it can go on with, and that it has. */
  readonly least?: number;
  readonly share?: number;
}

function running(jobs: readonly Runs[]): RunningTable {
  const nodes = jobs.map(({ at }) => at.reduce((sum, [, count]) => sum + count, 0));
  const first = [0];
  for (const { at } of jobs) first.push(first.at(-1)! + at.length);
  return {
    group: Int32Array.from(jobs, ({ group }) => group),
    gpus: Float64Array.from(nodes, (count) => count * 8),
    powerW: Float64Array.from(jobs, ({ share = 1 }, i) => nodes[i] * 16_000 * share),
    giveW: Float64Array.from(jobs, ({ share = 1, least = 1 }, i) => nodes[i] * 16_000 * Math.max(0, share - least)),
    heldW: Float64Array.from(jobs, ({ share = 1 }, i) => nodes[i] * 16_000 * (1 - share)),
    tier: Uint8Array.from(jobs, ({ tier }) => tier ?? 0),
    leaving: new Uint8Array(jobs.length),
    cost: Float64Array.from(jobs, ({ cost }) => cost ?? 1),
    first: Int32Array.from(first),
    rack: Int32Array.from(jobs.flatMap(({ at }) => at.map(([rack]) => rack))),
    rackNodes: Int32Array.from(jobs.flatMap(({ at }) => at.map(([, count]) => count))),
  };
}

/** Racks of four nodes with eight GPUs, less what runs. */
function place(racks: number, jobs: readonly Runs[], budgetW = Infinity): Place {
  const freeNodes = new Int32Array(racks).fill(4);
  for (const { at } of jobs) for (const [rack, nodes] of at) freeNodes[rack] -= nodes;
  return { budgetW, gpus: racks * 32, freeNodes, gpusPerNode: 8 };
}

const why = (decision: { readonly why: Uint8Array }) => [...decision.why].map((code) => WHY[code]);

test("two tenants that want everything get half each, in turns", () => {
  const jobs = Array.from({ length: 16 }, (_, i) => ({ group: i < 8 ? 0 : 1, nodes: 1 }));
  const { start } = decide(groups(2), waiting(jobs), running([]), place(2, []));
  assert.deepEqual(start, [0, 8, 1, 9, 2, 10, 3, 11]);
});

test("a tenant with three times the weight gets three times the GPUs", () => {
  const jobs = Array.from({ length: 16 }, (_, i) => ({ group: i < 8 ? 0 : 1, nodes: 1 }));
  const { start } = decide(groups(2, { weight: [3, 1] }), waiting(jobs), running([]), place(2, []));
  assert.equal(start.filter((job) => job < 8).length, 6);
});

test("what a tenant may not exceed is not exceeded, and it is told which limit it was", () => {
  const decision = decide(groups(1, { limitGpus: [16] }), waiting([{ group: 0, nodes: 2 }, { group: 0, nodes: 1 }]), running([]), place(2, [])); // prettier-ignore
  assert.deepEqual(decision.start, [0]);
  assert.deepEqual(why(decision), ["", "limit-gpus"]);
});

test("a tenant whose GPU-hours of the month are used starts nothing more, while another with one second left does", () => {
  const decision = decide(groups(2, { gpuSLeft: [0, 1] }), waiting([{ group: 0, nodes: 1 }, { group: 1, nodes: 1 }]), running([]), place(2, [])); // prettier-ignore
  assert.deepEqual(decision.start, [1]);
  assert.deepEqual(why(decision), ["limit-gpu-hours", ""]);
});

test("no power, no start: a job waits for watts though GPUs are free", () => {
  const decision = decide(groups(1), waiting([{ group: 0, nodes: 2 }, { group: 0, nodes: 1 }]), running([]), place(2, [], 40_000)); // prettier-ignore
  assert.deepEqual(why(decision), ["", "power"]);
});

test("a gang that needs one rack takes the one that it leaves least of, and waits when none has room", () => {
  const runs = [{ group: 0, at: [[0, 2], [1, 3], [2, 3]] as const }]; // prettier-ignore
  const decision = decide(groups(2), waiting([{ group: 1, nodes: 2, oneRack: true }, { group: 1, nodes: 2, oneRack: true }]), running(runs), place(3, runs)); // prettier-ignore
  assert.deepEqual(why(decision), ["", "one-rack"]);
});

test("when power goes down a quarter, flexible work that loses least is paused, standard work after it, critical work never", () => {
  const runs: readonly Runs[] = [
    { group: 0, at: [[0, 4]], tier: NEVER, cost: 1 },
    { group: 0, at: [[1, 2]], tier: 1, cost: 1 },
    { group: 1, at: [[1, 2]], tier: 0, cost: 900 },
    { group: 1, at: [[2, 2]], tier: 0, cost: 100 },
  ];
  const paused = (budgetW: number) => decide(groups(2), waiting([]), running(runs), place(3, runs, budgetW)).pause.map(({ job }) => job);
  assert.deepEqual(paused(160_000), []);
  assert.deepEqual(paused(128_000), [3]);
  assert.deepEqual(paused(120_000).toSorted(), [2, 3]);
  assert.deepEqual(paused(70_000).toSorted(), [1, 2, 3]);
  assert.deepEqual(paused(0).toSorted(), [1, 2, 3]);
});

test("a job that may run at three quarters of its power does, before anybody is paused, and flexible work before standard", () => {
  const runs: readonly Runs[] = [
    { group: 0, at: [[0, 2]], tier: 1, least: 0.75 },
    { group: 0, at: [[1, 2]], tier: 0, least: 0.75 },
    { group: 1, at: [[2, 2]], tier: 0 },
  ];
  const at = (budgetW: number) => {
    const { pause, power } = decide(groups(2), waiting([]), running(runs), place(3, runs, budgetW));
    return [power.map(({ job, powerW }) => [job, powerW]), pause.map(({ job }) => job)];
  };
  assert.deepEqual(at(96_000), [[], []]);
  assert.deepEqual(at(92_500), [[[1, 28_000]], []]);
  assert.deepEqual(at(88_000), [[[1, 24_000]], []]);
  assert.deepEqual(at(80_000), [[[0, 24_000], [1, 24_000]], []]); // prettier-ignore
});

test("where that is not enough somebody is paused, and what this leaves over goes back to those that go on", () => {
  const runs: readonly Runs[] = [
    { group: 0, at: [[0, 2]], tier: 1, least: 0.75 },
    { group: 0, at: [[1, 2]], tier: 0, least: 0.75, cost: 50 },
    { group: 1, at: [[2, 2]], tier: 0, cost: 1 },
  ];
  const { pause, power } = decide(groups(2), waiting([]), running(runs), place(3, runs, 60_000));
  assert.deepEqual(pause.map(({ job }) => job), [2]); // prettier-ignore
  assert.deepEqual(power, [{ job: 1, powerW: 28_000 }]);
});

test("power that comes back is for the paused first, then for those that are held back, then for those that wait", () => {
  const runs: readonly Runs[] = [{ group: 0, at: [[0, 2]], share: 0.75, least: 0.75 }];
  const at = (budgetW: number, pausedJob: boolean) => {
    const { start, power } = decide(groups(1), waiting([{ group: 0, nodes: 1, paused: pausedJob }]), running(runs), place(2, runs, budgetW)); // prettier-ignore
    return [start, power.map(({ powerW }) => powerW)];
  };
  assert.deepEqual(at(40_000, true), [[0], []]);
  assert.deepEqual(at(40_000, false), [[], [32_000]]);
  assert.deepEqual(at(48_000, true), [[0], [32_000]]);
});

test("whoever may give what: nobody goes below what he can go on with, nobody is paused while others could give, and the budget is kept", () => {
  const run = fc.record({ group: fc.nat(2), nodes: fc.integer({ min: 1, max: 4 }), tier: fc.constantFrom(0, 1, 2, NEVER), cost: fc.nat(1000), least: fc.constantFrom(0.25, 0.5, 0.75, 1), held: fc.boolean() }); // prettier-ignore
  fc.assert(
    fc.property(fc.array(run, { maxLength: 12 }), fc.nat(60), (runs, tens) => {
      const budgetW = tens * 10_000;
      const placed = runs.map(({ nodes, held, ...more }, rack): Runs => ({ ...more, at: [[rack, nodes]], share: held ? more.least : 1 }));
      const now = running(placed);
      const { pause, power } = decide(groups(3), waiting([]), now, place(12, placed, budgetW));
      const stopped = new Set(pause.map(({ job }) => job));
      const drawn = now.powerW.slice();
      for (const { job, powerW } of power) {
        assert.ok(!stopped.has(job));
        assert.ok(powerW >= now.powerW[job] - now.giveW[job] && powerW <= now.powerW[job] + now.heldW[job]);
        drawn[job] = powerW;
      }
      for (const job of stopped) drawn[job] = 0;
      const drawnW = drawn.reduce((total, each) => total + each, 0);
      const mostW = now.powerW.reduce((total, each) => total + each, 0);
      const leastW = mostW - now.giveW.reduce((total, each) => total + each, 0);
      if (leastW <= budgetW) assert.equal(stopped.size, 0);
      const may = [...now.tier.keys()].some((i) => now.tier[i] !== NEVER && !stopped.has(i));
      if (may) assert.ok(drawnW <= budgetW, `${drawnW} of ${budgetW}`);
      assert.ok(mostW > budgetW || power.every(({ job, powerW }) => powerW > now.powerW[job]));
    }),
  );
});

test("those that are leaving already count as gone: nobody else is paused for the same watts", () => {
  const runs: readonly Runs[] = [
    { group: 0, at: [[0, 2]] },
    { group: 0, at: [[0, 2]] },
  ];
  const table = { ...running(runs), leaving: Uint8Array.from([1, 0]) };
  assert.deepEqual(decide(groups(1), waiting([]), table, place(1, runs, 32_000)).pause, []);
});

test("a guarantee is kept by pausing in the one rack where that costs least, not scattered", () => {
  const runs: readonly Runs[] = [
    { group: 0, at: [[0, 2]], cost: 10 },
    { group: 0, at: [[0, 2]], cost: 10 },
    { group: 0, at: [[1, 2]], cost: 1 },
    { group: 0, at: [[1, 2]], cost: 50 },
  ];
  const decision = decide(groups(2, { guaranteedGpus: [0, 32] }), waiting([{ group: 1, nodes: 4, oneRack: true }]), running(runs), place(2, runs)); // prettier-ignore
  assert.deepEqual(decision.pause.map(({ job }) => job).toSorted(), [0, 1]);
  assert.ok(decision.pause.every(({ for: reason, waiting: job }) => reason === "guarantee" && job === 0));
});

test("what is reserved for another is not taken, and its owner gets it", () => {
  const reserved = groups(2, { reservedGpus: [0, 16] });
  const decision = decide(reserved, waiting([{ group: 0, nodes: 3 }, { group: 1, nodes: 2 }]), running([]), place(1, [])); // prettier-ignore
  assert.deepEqual(why(decision), ["reserved", ""]);
});

test("whatever waits and runs: nothing starts beyond power, GPUs or a limit, and critical work is not paused", () => {
  const job = fc.record({ group: fc.nat(3), nodes: fc.integer({ min: 1, max: 6 }), oneRack: fc.boolean() });
  const run = fc.record({ group: fc.nat(3), nodes: fc.integer({ min: 1, max: 4 }), tier: fc.constantFrom(0, 1, 2, NEVER), cost: fc.nat(1000) }); // prettier-ignore
  const limits = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(job, { maxLength: 40 }), fc.array(run, { maxLength: 12 }), limits, limits, fc.nat(1_500_000), (jobs, runs, limitGpus, guaranteedGpus, budgetW) => {
      const placed = runs.map(({ nodes, ...more }, rack): Runs => ({ ...more, at: [[rack, nodes]] }));
      const table = groups(4, { limitGpus, guaranteedGpus: guaranteedGpus.map((value, g) => Math.min(value, limitGpus[g])) });
      const now = running(placed);
      const there = place(12, placed, budgetW);
      const { start, pause } = decide(table, waiting(jobs), now, there);
      const stopped = new Set(pause.map(({ job: i }) => i));
      assert.ok(pause.every(({ job: i }) => now.tier[i] !== NEVER));
      // What was paused for power is not drawn when the new ones start; what is paused for a guarantee still is.
      const power = new Set(pause.flatMap(({ job: i, for: reason }) => (reason === "power" ? [i] : [])));
      const kept = [...placed.keys()].filter((i) => !power.has(i));
      const keptW = kept.reduce((sum, i) => sum + now.powerW[i], 0);
      const startedW = start.reduce((sum, i) => sum + jobs[i].nodes * 16_000, 0);
      assert.ok(startedW === 0 || keptW + startedW <= budgetW);
      const startedGpus = start.reduce((sum, i) => sum + jobs[i].nodes * 8, 0);
      assert.ok(startedGpus === 0 || kept.reduce((sum, i) => sum + now.gpus[i], 0) + startedGpus <= there.gpus);
      for (let g = 0; g < 4; g++) {
        const mine = start.filter((i) => jobs[i].group === g).reduce((sum, i) => sum + jobs[i].nodes * 8, 0);
        const had = kept.filter((i) => now.group[i] === g).reduce((sum, i) => sum + now.gpus[i], 0);
        assert.ok(mine === 0 || had + mine <= limitGpus[g]);
      }
      if (keptW > budgetW) assert.ok(kept.every((i) => now.tier[i] === NEVER), "all that may be paused is");
      assert.equal(stopped.size, pause.length);
    }),
  ); // prettier-ignore
});
