import { cheapestCover, type Offer } from "./cover.ts";
import { type Decision, type GroupTable, NEVER, type Place, type RunningTable, type WaitingTable, WHY, type Why } from "./decision.ts";
import { deserved, type Deserved } from "./deserved.ts";
import { FreeRacks } from "./free-racks.ts";
import { giveBack, holdBack } from "./hold-back.ts";
import { Usage } from "./ledger-of-now.ts";

/** Waiting jobs of one group that are looked at behind one that does not fit. */
const BACKFILL_DEPTH = 100;
/** Guaranteed jobs for which others are paused in one decision: what they free is seen first, then the next are helped. */
const MAX_RECLAIMS = 8;

/**
 * Who starts, and who is paused, now. A pure function; the order of everything is fixed by its input.
 *
 * 1. More is drawn than may be: jobs that can go on with less do; then pauses what costs least, flexible work first, critical work never.
 *    Less is drawn: what those need that are paused stays free; of the rest those that are held back get theirs.
 * 2. Starts what waits: always the group that is furthest below what it deserves, within all limits around it.
 * 3. A group below its guarantee whose job found no room: others that have more than they deserve are paused, together with the place
 *    that this frees (a whole rack where the job needs one).
 *
 * Cost: about 10,000 waiting jobs, 5,500 racks and 1,000 running jobs in some milliseconds.
 */
export function decide(groups: GroupTable, waiting: WaitingTable, running: RunningTable, place: Place): Decision {
  const usage = new Usage(groups, running);
  const pause: { job: number; for: "power" | "guarantee"; waiting: number }[] = [];
  const paused = new Uint8Array(running.group.length);
  const stop = (job: number, why: "power" | "guarantee", forWaiting: number) => {
    paused[job] = 1;
    usage.add(running.group[job], -running.gpus[job], -running.powerW[job]);
    pause.push({ job, for: why, waiting: forWaiting });
  };
  const change = new Float64Array(running.group.length);
  const draws = (job: number, moreW: number) => {
    change[job] += moreW;
    usage.add(running.group[job], 0, moreW);
  };
  const excessW = usage.usedW - leavingSum(running, running.powerW) - place.budgetW;
  if (excessW > 0) {
    holdBack(running, excessW).forEach((givenW, job) => draws(job, -givenW));
    const powerW = running.powerW.map((each, i) => each + change[i]);
    const leftW = sum(powerW) - leavingSum(running, running.powerW) - place.budgetW;
    const victims = leftW > 0 ? shed(running, powerW, leftW) : [];
    for (const job of victims) {
      draws(job, -change[job]);
      stop(job, "power", -1);
    }
    const spareW = victims.reduce((freed, job) => freed + powerW[job], 0) - leftW;
    const given = change.map((each, i) => (paused[i] === 1 ? 0 : -each));
    if (victims.length > 0) giveBack(running, given, spareW, () => Infinity).forEach((backW, job) => draws(job, backW));
  } else {
    const held = running.heldW.map((each, i) => (running.leaving[i] === 1 ? 0 : each));
    const roomW = place.budgetW - usage.usedW - neededByPaused(waiting);
    if (roomW > 0) giveBack(running, held, roomW, (job) => leftOfLimits(running.group[job], groups, usage)).forEach((backW, job) => draws(job, backW)); // prettier-ignore
  }

  const share = deserved(groups, waiting, running, { gpus: place.gpus, powerW: place.budgetW });
  const { start, why } = admit(groups, waiting, place, usage, share);
  let reclaims = 0;
  for (const job of firstBelowGuarantee(groups, waiting, usage, why)) {
    if (reclaims++ >= MAX_RECLAIMS) break;
    for (const victim of victimsFor(job, { groups, waiting, running, place, usage, share, paused }) ?? []) stop(victim, "guarantee", job);
  }
  const power = Array.from(change.keys()).flatMap((job) => (change[job] === 0 || paused[job] === 1 ? [] : [{ job, powerW: running.powerW[job] + change[job] }])); // prettier-ignore
  return { start, pause, power, why };
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function neededByPaused({ paused, powerW }: WaitingTable): number {
  let needed = 0;
  for (let i = 0; i < paused.length; i++) if (paused[i] === 1) needed += powerW[i];
  return needed;
}

/** What a group may still draw within its own limit and those around it, W. */
function leftOfLimits(group: number, { parent, limitW }: GroupTable, usage: Usage): number {
  let left = Infinity;
  for (let g = group; g >= 0; g = parent[g]) left = Math.min(left, limitW[g] - usage.powerW[g]);
  return Math.max(0, Math.floor(left / 1000) * 1000);
}

/** What those that are leaving hold still. */
function leavingSum(running: RunningTable, of: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < of.length; i++) if (running.leaving[i] === 1) sum += of[i];
  return sum;
}

/** Which running jobs to pause so that this much less is drawn; all that may be paused where that is not enough. */
function shed(running: RunningTable, powerW: Float64Array, excessW: number): readonly number[] {
  const offers: Offer[] = [];
  const index: number[] = [];
  for (let i = 0; i < running.group.length; i++) {
    if (running.tier[i] === NEVER || running.leaving[i] === 1) continue;
    index.push(i);
    offers.push({ tier: running.tier[i], cost: running.cost[i], gives: powerW[i] });
  }
  const cover = cheapestCover(offers, excessW);
  return cover === undefined ? index : cover.map((k) => index[k]);
}

function admit(groups: GroupTable, waiting: WaitingTable, place: Place, usage: Usage, share: Deserved) {
  const why = new Uint8Array(waiting.group.length).fill(WHY.indexOf("queue"));
  const start: number[] = [];
  const racks = new FreeRacks(place.freeNodes);
  const queues: number[][] = Array.from({ length: groups.parent.length }, () => []);
  for (let i = 0; i < waiting.group.length; i++) queues[waiting.group[i]].push(i);
  const next = new Int32Array(queues.length);
  const failed = new Int32Array(queues.length);
  const heap = new GroupHeap((g) => nearness(g, groups, usage, share));
  for (let g = 0; g < queues.length; g++) if (queues[g].length > 0) heap.push(g);
  /** Work of this rank and below does not pass: somebody has waited long enough. */
  let barrier: number = WHY.length;
  for (let g = heap.pop(); g >= 0; g = heap.pop()) {
    const job = queues[g][next[g]++];
    const reason = waiting.rank[job] >= barrier ? "passed" : refusal(job, groups, waiting, place, usage, racks);
    why[job] = WHY.indexOf(reason);
    if (reason === "") {
      start.push(job);
      usage.add(g, waiting.nodes[job] * waiting.gpusPerNode[job], waiting.powerW[job]);
    } else {
      failed[g]++;
      if (waiting.aged[job] === 1 && (reason === "gpus" || reason === "one-rack" || reason === "power")) barrier = Math.min(barrier, waiting.rank[job]); // prettier-ignore
    }
    if (next[g] < queues[g].length && failed[g] < BACKFILL_DEPTH) heap.push(g);
  }
  return { start, why };
}

/** "" = it can start; then its place in the racks is taken. */
function refusal(job: number, groups: GroupTable, waiting: WaitingTable, place: Place, usage: Usage, racks: FreeRacks): Why {
  const nodes = waiting.nodes[job];
  const gpus = nodes * waiting.gpusPerNode[job];
  const powerW = waiting.powerW[job];
  for (let g = waiting.group[job]; g >= 0; g = groups.parent[g]) {
    if (usage.gpus[g] + gpus > groups.limitGpus[g]) return "limit-gpus";
    if (usage.powerW[g] + powerW > groups.limitW[g]) return "limit-power";
    if (gpus > 0 && groups.gpuSLeft[g] <= 0) return "limit-gpu-hours";
  }
  const group = waiting.group[job];
  if (powerW > place.budgetW - usage.usedW) return "power";
  if (gpus > place.gpus - usage.usedGpus) return "gpus";
  if (powerW > usage.freeW(group, place) || gpus > usage.freeGpus(group, place)) return "reserved";
  if (waiting.oneRack[job] === 1) return racks.takeTogether(nodes) ? "" : "one-rack";
  if (waiting.gpusPerNode[job] * 2 > place.gpusPerNode) racks.take(nodes);
  return "";
}

/** How near a group is to what it deserves, or over it: its tenant's nearness first, then its own. Lower goes first. */
function nearness(group: number, groups: GroupTable, usage: Usage, share: Deserved): number {
  const of = (g: number) => Math.max(ratio(usage.gpus[g], share.gpus[g]), ratio(usage.powerW[g], share.powerW[g]));
  const parent = groups.parent[group];
  return parent < 0 ? of(group) : of(parent) * 1024 + of(group);
}

function ratio(used: number, share: number): number {
  return share > 0 ? Math.min(1023, used / share) : used > 0 ? 1023 : 0;
}

/** The group and those around it, the outermost first. */
function chainOf({ parent }: GroupTable, group: number): readonly number[] {
  const chain: number[] = [];
  for (let g = group; g >= 0; g = parent[g]) chain.unshift(g);
  return chain;
}

/** For each group below its guarantee: its first job that would still lie within it, and found no room. */
function* firstBelowGuarantee(groups: GroupTable, waiting: WaitingTable, usage: Usage, why: Uint8Array): Generator<number> {
  const seen = new Set<number>();
  for (let i = 0; i < waiting.group.length; i++) {
    const g = waiting.group[i];
    if (why[i] === 0 || seen.has(g)) continue;
    const reason = WHY[why[i]];
    if (reason !== "gpus" && reason !== "one-rack" && reason !== "power") continue;
    const within = chainOf(groups, g).some(
      (each) =>
        usage.gpus[each] + waiting.nodes[i] * waiting.gpusPerNode[i] <= groups.guaranteedGpus[each] &&
        (groups.guaranteedW[each] === 0 || usage.powerW[each] + waiting.powerW[i] <= groups.guaranteedW[each]),
    );
    if (!within) continue;
    seen.add(g);
    yield i;
  }
}

interface Scene {
  readonly groups: GroupTable;
  readonly waiting: WaitingTable;
  readonly running: RunningTable;
  readonly place: Place;
  readonly usage: Usage;
  readonly share: Deserved;
  readonly paused: Uint8Array;
}

/** Whom to pause so that this job finds room; undefined where nobody may be, or it would not be enough. */
function victimsFor(job: number, scene: Scene): readonly number[] | undefined {
  const { groups, waiting, running, place, usage, share, paused } = scene;
  const mine = chainOf(groups, waiting.group[job]);
  const may = (i: number) => {
    if (paused[i] === 1 || running.leaving[i] === 1 || running.tier[i] === NEVER) return false;
    // Where the two part: of tenants one above its share gives to another; of projects of one tenant likewise.
    const g = chainOf(groups, running.group[i]).find((each) => !mine.includes(each));
    return g !== undefined && (usage.gpus[g] > share.gpus[g] + 1e-6 || usage.powerW[g] > share.powerW[g] + 1e-6);
  };
  const candidates: number[] = [];
  for (let i = 0; i < running.group.length; i++) if (may(i)) candidates.push(i);
  const gpus = waiting.nodes[job] * waiting.gpusPerNode[job];
  const missingGpus = gpus - (place.gpus - usage.usedGpus) - leavingSum(running, running.gpus);
  const missingW = waiting.powerW[job] - (place.budgetW - usage.usedW) - leavingSum(running, running.powerW);

  const found = waiting.oneRack[job] === 1 ? cheapestRack(job, candidates, scene) : [];
  if (found === undefined) return undefined;
  const taken = new Set(found);
  const freed = (of: Float64Array) => found.reduce((sum, i) => sum + of[i], 0);
  for (const [missing, of] of [
    [missingGpus - freed(running.gpus), running.gpus],
    [missingW - freed(running.powerW), running.powerW],
  ] as const) {
    // prettier-ignore
    if (missing <= 0) continue;
    const rest = candidates.filter((i) => !taken.has(i));
    const more = cheapestCover(rest.map((i) => ({ tier: running.tier[i], cost: running.cost[i], gives: of[i] })), missing); // prettier-ignore
    if (more === undefined) return undefined;
    for (const k of more) taken.add(rest[k]);
  }
  return [...taken];
}

/** The rack in which room for this job costs least, and who is paused for it. O(racks + pieces of candidates). */
function cheapestRack(job: number, candidates: readonly number[], { waiting, running, place }: Scene): readonly number[] | undefined {
  const on = new Map<number, { job: number; nodes: number }[]>();
  for (const i of candidates)
    for (let k = running.first[i]; k < running.first[i + 1]; k++) {
      const list = on.get(running.rack[k]);
      const piece = { job: i, nodes: running.rackNodes[k] };
      if (list === undefined) on.set(running.rack[k], [piece]);
      else list.push(piece);
    }
  const coming = new Map<number, number>();
  for (let i = 0; i < running.group.length; i++)
    if (running.leaving[i] === 1)
      for (let k = running.first[i]; k < running.first[i + 1]; k++) {
        const free = (coming.get(running.rack[k]) ?? 0) + running.rackNodes[k];
        if (place.freeNodes[running.rack[k]] + free >= waiting.nodes[job]) return []; // room is on its way
        coming.set(running.rack[k], free);
      }
  let best: readonly number[] | undefined;
  let bestCost = Infinity;
  for (const [rack, pieces] of on) {
    const missing = waiting.nodes[job] - place.freeNodes[rack] - (coming.get(rack) ?? 0);
    // A job that also holds nodes elsewhere gives only those here for its whole cost: such jobs lose by themselves.
    const cover = cheapestCover(pieces.map(({ job: i, nodes }) => ({ tier: running.tier[i], cost: running.cost[i], gives: nodes })), missing); // prettier-ignore
    if (cover === undefined) continue;
    const cost = cover.reduce((sum, k) => sum + running.cost[pieces[k].job], 0) + cover.length;
    if (cost < bestCost) [best, bestCost] = [cover.map((k) => pieces[k].job), cost];
  }
  return best;
}

/** Groups by nearness, the lowest first; equals by index. A group is pushed again after its usage has changed. */
class GroupHeap {
  readonly #items: { readonly group: number; readonly key: number }[] = [];
  readonly #key: (group: number) => number;

  constructor(key: (group: number) => number) {
    this.#key = key;
  }

  push(group: number): void {
    const items = this.#items;
    const item = { group, key: this.#key(group) };
    let i = items.push(item) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (!before(item, items[up])) break;
      items[i] = items[up];
      i = up;
    }
    items[i] = item;
  }

  /** −1 = empty. The key of a group moves when its tenant's usage does: then it is put back where it belongs now. */
  pop(): number {
    for (;;) {
      const top = this.#take();
      if (top === undefined) return -1;
      const key = this.#key(top.group);
      if (key <= top.key) return top.group;
      this.push(top.group);
    }
  }

  #take() {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1], items[child])) child++;
      if (!before(items[child], last)) break;
      items[i] = items[child];
      i = child;
    }
    items[i] = last;
    return top;
  }
}

function before(a: { readonly group: number; readonly key: number }, b: { readonly group: number; readonly key: number }): boolean {
  return a.key < b.key || (a.key === b.key && a.group < b.group);
}
