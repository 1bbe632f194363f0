/**
 * What jobs cost. A decision over 10,000 waiting jobs and 5,500 racks; jobs submitted through Pulmu until they are held at a real Slurm,
 * beside the bare slurmrestd in the same run; how soon a changed power budget is at the engine; how often the engine is asked while 200 people
 * watch. `--only decision|slurm`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  checkSpec,
  decide,
  type GroupTable,
  jobFiles,
  NEVER,
  type Place,
  type RunningTable,
  SlurmEngine,
  type WaitingTable,
} from "@pulmu/jobs";
import { JobHouse, skipWithoutSlurm, type SlurmLab, startSlurmLab } from "@pulmu/jobs/testing";
import { random } from "@pulmu/units";
import { Pool } from "undici";

const GOAL = { decisionMs: 50, share: 0.8, powerS: 2, listingsPerS: 0.5 };
const DECISIONS = 15;
/**
 * Pulmu and the bare slurmrestd take turns, now the one first and now the other: Slurm grows slower with the jobs that it remembers. Each
 * round's two are held against each other, and the round in the middle counts.
 */
const ROUNDS = 5;
const JOBS = 1_000;
/** Who submit at a time, each one job after the other: to slurmrestd, or to Pulmu, which itself makes as many calls to slurmrestd at most. */
const CALLERS = 16;
const WATCHERS = 200;
const WATCH_S = 20;
const FULL_W = 1_000_000;

const say = (line: string) => process.stdout.write(`${line}\n`);
const verdict = (met: boolean) => (met ? "met" : "MISSED");
const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

export async function run(options: readonly string[]): Promise<void> {
  const only = options[options.indexOf("--only") + 1] ?? "";
  if (!options.includes("--only") || only === "decision") decisions();
  if (!options.includes("--only") || only === "slurm") await onSlurm();
}

function decisions(): void {
  const problem = decisionProblem();
  for (const [what, share] of [
    ["room for most", 1],
    ["a load target of 60 %", 0.6],
    ["of 40 %: some are paused", 0.4],
  ] as const) {
    const place = { ...problem.place, budgetW: problem.place.budgetW * share };
    const times: number[] = [];
    let last = decide(problem.groups, problem.waiting, problem.running, place);
    for (let i = 0; i < DECISIONS; i++) {
      const start = performance.now();
      last = decide(problem.groups, problem.waiting, problem.running, place);
      times.push(performance.now() - start);
    }
    const ms = middle(times);
    say(`decision, 10,000 waiting, 5,500 racks, ${what}: ${ms.toFixed(1)} ms (worst ${Math.max(...times).toFixed(1)}), ${last.start.length} start, ${last.pause.length} are paused; wanted < ${GOAL.decisionMs} ms: ${verdict(ms < GOAL.decisionMs)}`); // prettier-ignore
  }
}

/** Forty tenants with 160 projects, 10,000 waiting and 6,000 running jobs on 5,500 racks of 18 trays with 4 GPUs. */
function decisionProblem(): { groups: GroupTable; waiting: WaitingTable; running: RunningTable; place: Place } {
  const dice = random(3);
  const [tenants, groupCount, waitingCount, runningCount, rackCount, trays] = [40, 200, 10_000, 6_000, 5_500, 18];
  const below = (n: number) => Math.floor(dice.next() * n);
  const floats = (n: number, of: (i: number) => number) => Float64Array.from({ length: n }, (_, i) => of(i));
  const project = () => tenants + below(groupCount - tenants);
  const nodes = Int32Array.from({ length: waitingCount }, () => (dice.next() < 0.5 ? 1 : 1 + below(trays)));
  const held = Int32Array.from({ length: runningCount }, () => 1 + below(trays));
  const freeNodes = new Int32Array(rackCount).fill(trays);
  const [first, rack, rackNodes]: [number[], number[], number[]] = [[0], [], []];
  for (const wanted of held) {
    for (let left = wanted; left > 0;) {
      const r = below(rackCount);
      const taken = Math.min(left, freeNodes[r]);
      if (taken === 0) continue;
      rack.push(r);
      rackNodes.push(taken);
      freeNodes[r] -= taken;
      left -= taken;
    }
    first.push(rack.length);
  }
  const none = floats(groupCount, () => 0);
  const open = floats(groupCount, () => Infinity);
  return {
    groups: {
      parent: Int32Array.from({ length: groupCount }, (_, g) => (g < tenants ? -1 : g % tenants)),
      guaranteedGpus: floats(groupCount, (g) => (g < tenants ? 2_000 : 200)),
      guaranteedW: none,
      limitGpus: open,
      limitW: open,
      weight: floats(groupCount, () => 1),
      gpuSLeft: open,
      reservedGpus: none,
      reservedW: none,
    },
    waiting: {
      group: Int32Array.from({ length: waitingCount }, project),
      nodes,
      gpusPerNode: new Int32Array(waitingCount).fill(4),
      powerW: floats(waitingCount, (i) => nodes[i] * 7_200),
      oneRack: Uint8Array.from({ length: waitingCount }, () => below(2)),
      aged: new Uint8Array(waitingCount),
      rank: Uint8Array.from({ length: waitingCount }, () => below(3)),
      paused: new Uint8Array(waitingCount),
    },
    running: {
      group: Int32Array.from({ length: runningCount }, project),
      gpus: floats(runningCount, (i) => held[i] * 4),
      powerW: floats(runningCount, (i) => held[i] * 7_200),
      giveW: floats(runningCount, (i) => (i % 4 === 0 ? held[i] * 2_000 : 0)),
      heldW: floats(runningCount, () => 0),
      tier: Uint8Array.from({ length: runningCount }, () => [0, 1, NEVER][below(3)]),
      leaving: new Uint8Array(runningCount),
      cost: floats(runningCount, () => dice.next() * 1e5),
      first: Int32Array.from(first),
      rack: Int32Array.from(rack),
      rackNodes: Int32Array.from(rackNodes),
    },
    place: { budgetW: rackCount * trays * 7_200 * 1.2, gpus: rackCount * trays * 4, freeNodes, gpusPerNode: 4 },
  };
}

async function onSlurm(): Promise<void> {
  const skip = skipWithoutSlurm();
  if (skip !== false) return void say(`Slurm: skipped: ${skip}`);
  const lab = await startSlurmLab({ powerKw: FULL_W / 1000 });
  const now = () => Date.now();
  const token = lab.token();
  const engine = () => new SlurmEngine({ url: lab.url, user: lab.user, token: () => token, env: lab.env, now });
  const house = await JobHouse.open({ now, engine, files: (folder) => jobFiles(`${folder}/jobs`) });
  house.power = { budgetW: 0, cause: undefined }; // everything stays held
  house.runner.start();
  try {
    const [bare, ours]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      if (round % 2 === 0) bare.push(await submitBare(lab));
      ours.push(await submitThroughPulmu(house, round));
      if (round % 2 === 1) bare.push(await submitBare(lab));
    }
    const shares = ours.map((rate, round) => rate / bare[round]);
    const share = middle(shares);
    const list = (rates: readonly number[]) => rates.map((rate) => rate.toFixed(0)).join(", ");
    say(`submitted and held at Slurm by ${CALLERS} callers: ${list(ours)} jobs/s through Pulmu, each durable and in the journal first; bare slurmrestd ${list(bare)}/s: ${share.toFixed(2)} of it (${shares.map((each) => each.toFixed(2)).join(", ")}); wanted ≥ ${GOAL.share}: ${verdict(share >= GOAL.share)}`); // prettier-ignore
    await timePower(lab, house);
    await countListings(house);
  } finally {
    await house.close();
    await lab.stop();
  }
}

/** Jobs a second that slurmrestd takes, held, from as many callers as Pulmu is allowed to be. */
async function submitBare(lab: SlurmLab): Promise<number> {
  const pool = new Pool(lab.url, { connections: CALLERS });
  const headers = { "X-SLURM-USER-NAME": lab.user, "X-SLURM-USER-TOKEN": lab.token(), "Content-Type": "application/json" };
  const job = { name: "bare", nodes: [1, 1], gpus_per_node: "h100:8", current_working_directory: "/tmp", environment: { PATH: "/usr/bin:/bin" }, hold: "true", requeue: "true", licenses: "kw:16" }; // prettier-ignore
  const body = JSON.stringify({ job, script: "#!/bin/bash\nsrun true\n" });
  let left = JOBS;
  const start = performance.now();
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    while (left-- > 0) {
      const answer = await pool.request({ method: "POST", path: "/slurm/v0.0.38/job/submit", headers, body });
      if (answer.statusCode !== 200) throw new Error(await answer.body.text());
      await answer.body.dump();
    }
  })); // prettier-ignore
  const rate = JOBS / ((performance.now() - start) / 1000);
  await pool.close();
  await lab.command("scancel", "--name=bare");
  await sleep(2_000);
  return rate;
}

async function submitThroughPulmu(house: JobHouse, round: number): Promise<number> {
  let next = 0;
  const body = JSON.stringify({ pulmu: "job/v1", name: "ours", command: ["true"], nodes: 1, gpusPerNode: 8, expected: "1 min" });
  const start = performance.now();
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    while (next < JOBS) await house.submitSpec(`tenant/p${round}`, checkSpec(JSON.parse(body) as object, "spec"), `bench-${round}-${next++}`);
  })); // prettier-ignore
  const mine = () => house.runner.jobs().filter(({ projectId, state }) => projectId === `tenant/p${round}` && state === "held");
  while (mine().length < JOBS) await sleep(5);
  const rate = JOBS / ((performance.now() - start) / 1000);
  await house.book.askCancel(mine().map(({ id }) => id), "bench", Date.now()); // prettier-ignore
  while (house.runner.jobs().some(({ state }) => state === "held")) await sleep(50);
  await sleep(2_000);
  return rate;
}

/** From a new budget in the power room to the engine's licences. */
async function timePower(lab: SlurmLab, house: JobHouse): Promise<void> {
  const times: number[] = [];
  for (const budgetW of [700_000, 400_000, 900_000, 250_000, 800_000]) {
    const start = performance.now();
    house.power = { budgetW, cause: undefined };
    const wanted = `Reserved=${(FULL_W - budgetW) / 1000}`;
    while (!(await lab.command("scontrol", "show", "licenses")).includes(wanted)) await sleep(20);
    times.push((performance.now() - start) / 1000);
  }
  say(`a changed power budget is at Slurm after ${middle(times).toFixed(2)} s (worst ${Math.max(...times).toFixed(2)}); wanted < ${GOAL.powerS} s: ${verdict(Math.max(...times) < GOAL.powerS)}`); // prettier-ignore
}

async function countListings(house: JobHouse): Promise<void> {
  await house.submit("tenant/watched", "array: 4\nnodes: 1\ngpusPerNode: 8\ncommand: [sleep, '60']");
  const before = house.runner.view.listings;
  const start = performance.now();
  let looks = 0;
  await Promise.all(Array.from({ length: WATCHERS }, async () => {
    while (performance.now() - start < WATCH_S * 1000) {
      await house.book.list({ tenantIds: ["tenant"], live: true, limit: 20 });
      looks++;
      await sleep(1_000);
    }
  })); // prettier-ignore
  const perS = (house.runner.view.listings - before) / ((performance.now() - start) / 1000);
  say(`${WATCHERS} watchers looked ${looks.toLocaleString("en")} times in ${WATCH_S} s; the engine saw ${perS.toFixed(2)} listings/s; wanted ≤ ${GOAL.listingsPerS}: ${verdict(perS <= GOAL.listingsPerS)}`); // prettier-ignore
}
