import { drawnW, type Job } from "../book/job.ts";
import { deadlineIsNear, pauseLeftMs, slackMs, unsavedMs } from "../book/job-times.ts";
import type { EngineNode } from "../engines/engine.ts";
import { type GroupTable, NEVER, type Place, type RunningTable, type WaitingTable } from "../quota/decision.ts";
import { leastW } from "./node-caps.ts";
import { openQuota, parentOf, type Quota, type Reservation } from "../quota/quota.ts";

/** A job that waited this long is not passed any more by others of its class or below. */
const AGED_MS = 30 * 60_000;
/** Work that starting again costs, s: loading the program and its checkpoint. A guess. */
const RESTART_S = 60;

const RANK = { critical: 0, standard: 1, flexible: 2 } as const;

/** The groups of all live jobs and of all quotas: tenants first, then their projects. */
export class Groups {
  readonly ids: readonly string[];
  readonly table: GroupTable;
  readonly #index: ReadonlyMap<string, number>;

  constructor(
    jobs: readonly Job[],
    quotas: readonly Quota[],
    reservations: readonly Reservation[],
    gpuMonth: ReadonlyMap<string, number>,
    nowMs: number,
  ) {
    const named = new Set([...jobs.map(({ projectId }) => projectId), ...quotas.map(({ groupId }) => groupId), ...reservations.map(({ groupId }) => groupId)]); // prettier-ignore
    for (const id of named) named.add(parentOf(id) ?? id);
    this.ids = [...named].toSorted((a, b) => Number(a.includes("/")) - Number(b.includes("/")) || (a < b ? -1 : 1));
    this.#index = new Map(this.ids.map((id, i) => [id, i]));
    const known = new Map(quotas.map((quota) => [quota.groupId, quota]));
    const of = (value: (quota: Quota) => number) => Float64Array.from(this.ids, (id) => value(known.get(id) ?? openQuota(id)));
    const reserved = (value: (reservation: Reservation) => number) => {
      const sums = new Float64Array(this.ids.length);
      for (const reservation of reservations)
        if (reservation.fromMs <= nowMs && nowMs < reservation.untilMs) sums[this.of(reservation.groupId)] += value(reservation);
      return sums;
    };
    const reservedGpus = reserved(({ gpus }) => gpus);
    const reservedW = reserved(({ powerW }) => powerW);
    this.table = {
      parent: Int32Array.from(this.ids, (id) => this.#index.get(parentOf(id) ?? "") ?? -1),
      // What is reserved is guaranteed, too: others are paused for it.
      guaranteedGpus: of(({ guaranteedGpus }) => guaranteedGpus).map((value, i) => Math.max(value, reservedGpus[i])),
      guaranteedW: of(({ guaranteedW }) => guaranteedW).map((value, i) => Math.max(value, reservedW[i])),
      limitGpus: of(({ limitGpus }) => limitGpus),
      limitW: of(({ limitW }) => limitW),
      weight: of(({ weight }) => weight),
      gpuSLeft: of(({ limitGpuHours }) => limitGpuHours * 3600).map((value, i) => value - (gpuMonth.get(this.ids[i]) ?? 0) / 1000),
      reservedGpus,
      reservedW,
    };
  }

  of(groupId: string): number {
    return this.#index.get(groupId) ?? -1;
  }
}

/**
 * Jobs in the order in which their project starts them: paused ones first; then by class; then those whose deadline is near, the nearest
 * first; then those paused first, then by age.
 */
export function queueOrder(nowMs: number): (a: Job, b: Job) => number {
  const hurry = (job: Job) => (job.spec.deadline !== undefined && deadlineIsNear(job, nowMs) ? slackMs(job, nowMs) : Infinity);
  return (a, b) => {
    const paused = Number(b.state === "paused") - Number(a.state === "paused") || RANK[a.spec.class] - RANK[b.spec.class];
    if (paused !== 0) return paused;
    const [mine, other] = [hurry(a), hurry(b)];
    if (mine !== other) return mine - other;
    return (a.state === "paused" ? a.pauseSinceMs - b.pauseSinceMs : 0) || a.seq - b.seq;
  };
}

export function waitingTable(jobs: readonly Job[], groups: Groups, nowMs: number): WaitingTable {
  return {
    group: Int32Array.from(jobs, ({ projectId }) => groups.of(projectId)),
    nodes: Int32Array.from(jobs, ({ spec }) => spec.nodes),
    gpusPerNode: Int32Array.from(jobs, ({ spec }) => spec.gpusPerNode),
    powerW: Float64Array.from(jobs, ({ powerW }) => powerW),
    oneRack: Uint8Array.from(jobs, ({ spec }) => Number(spec.topology !== "any")),
    aged: Uint8Array.from(jobs, (job) => Number(nowMs - (job.pauseSinceMs || job.submittedMs) > AGED_MS)),
    rank: Uint8Array.from(jobs, ({ spec }) => RANK[spec.class]),
    paused: Uint8Array.from(jobs, ({ state }) => Number(state === "paused")),
  };
}

/** @param able jobs can be held to less than all of their power */
export function runningTable(jobs: readonly Job[], groups: Groups, racks: Racks, nowMs: number, able: boolean): RunningTable {
  const first = new Int32Array(jobs.length + 1);
  const rack: number[] = [];
  const rackNodes: number[] = [];
  jobs.forEach((job, i) => {
    for (const [r, nodes] of Map.groupBy(job.nodes, (name) => racks.of(name))) {
      if (r < 0) continue;
      rack.push(r);
      rackNodes.push(nodes.length);
    }
    first[i + 1] = rack.length;
  });
  return {
    group: Int32Array.from(jobs, ({ projectId }) => groups.of(projectId)),
    gpus: Float64Array.from(jobs, ({ gpus }) => gpus),
    powerW: Float64Array.from(jobs, drawnW),
    giveW: Float64Array.from(jobs, (job) => (able ? Math.max(0, drawnW(job) - leastW(job, racks.gpusPerNode)) : 0)),
    heldW: Float64Array.from(jobs, (job) => job.powerW - drawnW(job)),
    tier: Uint8Array.from(jobs, (job) => tierOf(job, nowMs)),
    leaving: Uint8Array.from(jobs, ({ state }) => Number(state === "pausing")),
    cost: Float64Array.from(jobs, (job) => pauseCost(job, nowMs)),
    first,
    rack: Int32Array.from(rack),
    rackNodes: Int32Array.from(rackNodes),
  };
}

/**
 * Who is paused first: those whose owners allowed it and have allowance left, flexible before standard; then the others. Of equals those last
 * whose deadline is near. Never critical work.
 */
function tierOf(job: Job, nowMs: number): number {
  if (job.spec.class === "critical") return NEVER;
  return (pauseLeftMs(job, nowMs) > 0 ? 0 : 4) + (job.spec.class === "standard" ? 2 : 0) + (deadlineIsNear(job, nowMs) ? 1 : 0);
}

/** GPU-seconds: what is not saved (at most what writing it takes, where it can be asked to), and starting again. */
function pauseCost(job: Job, nowMs: number): number {
  const unsavedS = unsavedMs(job, nowMs) / 1000;
  const lostS = job.spec.checkpoint === undefined ? unsavedS : Math.min(unsavedS, job.spec.checkpoint.within);
  return Math.max(1, job.gpus) * (lostS + RESTART_S);
}

/** Nodes by rack, and what is free. */
export class Racks {
  readonly #rackOf = new Map<string, number>();
  readonly #nodesUp: Int32Array;
  readonly gpus: number;
  readonly gpusPerNode: number;

  constructor(nodes: readonly EngineNode[]) {
    const index = new Map<string, number>();
    for (const { name, rack } of nodes) {
      if (!index.has(rack)) index.set(rack, index.size);
      this.#rackOf.set(name, index.get(rack)!);
    }
    this.#nodesUp = new Int32Array(index.size);
    let gpus = 0;
    for (const node of nodes)
      if (node.state === "up") {
        this.#nodesUp[index.get(node.rack)!]++;
        gpus += node.gpus;
      }
    this.gpus = gpus;
    this.gpusPerNode = Math.max(1, ...nodes.map((node) => node.gpus));
  }

  /** −1 = not known. */
  of(node: string): number {
    return this.#rackOf.get(node) ?? -1;
  }

  place(drawing: readonly Job[], budgetW: number): Place {
    const freeNodes = this.#nodesUp.slice();
    for (const node of new Set(drawing.flatMap(({ nodes, state }) => (state === "released" ? [] : nodes)))) {
      const rack = this.of(node);
      if (rack >= 0 && freeNodes[rack] > 0) freeNodes[rack]--;
    }
    return { budgetW, gpus: this.gpus, freeNodes, gpusPerNode: this.gpusPerNode };
  }
}
