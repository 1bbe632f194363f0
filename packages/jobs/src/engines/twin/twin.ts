import type { JobFiles } from "../../run/job-files.ts";
import type { PowerCaps } from "../../run/node-caps.ts";
import type { CheckpointSignal, Engine, EngineAbilities, EngineChanges, EngineJob, EngineNode, EngineOrder } from "../engine.ts";
import { engineError } from "../problems.ts";

/** A rack of the simulated site, as far as its jobs need to know it. */
export interface TwinRack {
  readonly id: string;
  readonly trays: number;
  readonly gpusPerTray: number;
}

export interface TwinOptions {
  readonly racks: readonly TwinRack[];
  /** The twin's clock, epoch ms. */
  readonly now: () => number;
  /** Speed of a rack's GPUs relative to unlimited, 0…1: caps and faults slow jobs down. A gang goes as fast as its slowest rack. */
  readonly speedOf: (rackId: string) => number;
}

interface TwinJob {
  readonly id: string;
  readonly order: EngineOrder;
  state: EngineJob["state"];
  nodes: readonly Place[];
  startedMs: number;
  endedMs: number;
  exitCode: number | undefined;
  restarts: number;
  /** Work done, and done at the last checkpoint, s at full speed. */
  doneS: number;
  savedS: number;
}

interface Place {
  readonly name: string;
  readonly rack: TwinRack;
  used: number;
  state: EngineNode["state"];
  reason: string;
  /** Of its power. */
  share: number;
}

/** Jobs that ended are forgotten after this long. */
const FORGET_MS = 3_600_000;

/**
 * Jobs in the simulated site: they take its trays, work for as long as their owners expect, at the speed its racks have, and save their work
 * when they are asked. Time goes on with each call. What it knows ends with the twin, as a plant's work ends with the plant.
 */
export class TwinEngine implements Engine {
  readonly name = "twin";
  readonly #options: TwinOptions;
  readonly #places: readonly Place[];
  readonly #jobs = new Map<string, TwinJob>();
  #nextId = 1;
  #version = 1;
  #lastMs: number;

  constructor(options: TwinOptions) {
    this.#options = options;
    this.#lastMs = options.now();
    this.#places = options.racks.flatMap((rack) => Array.from({ length: rack.trays }, (_, tray): Place => ({ name: `${rack.id}/t${tray + 1}`, rack, used: 0, state: "up", reason: "", share: 1 }))); // prettier-ignore
  }

  /** What its jobs leave behind is in memory, too. */
  readonly files: JobFiles = {
    dirOf: (jobId) => `/twin/${jobId}`,
    prepare: async () => {},
    checkpointMark: async (jobId) => {
      const saved = this.#of(jobId)?.savedS ?? 0;
      return saved > 0 ? String(saved) : "";
    },
    exitMark: async (jobId) => this.#of(jobId)?.exitCode,
  };

  /** Trays with less power work less, at worst in proportion. */
  readonly caps: PowerCaps = {
    hold: async (nodes, share) => {
      this.advance();
      for (const place of this.#places) if (nodes.includes(place.name)) place.share = share;
    },
  };

  async probe(): Promise<EngineAbilities> {
    return {
      description: `the twin, ${this.#places.length} trays`,
      requeue: true,
      drain: true,
      powerW: 0,
      excludeNodes: true,
      images: true,
    };
  }

  async submit(order: EngineOrder): Promise<string> {
    const largest = Math.max(0, ...this.#options.racks.map(({ gpusPerTray }) => gpusPerTray));
    if (order.gpusPerNode > largest) throw engineError("refused", this.name, `no tray has ${order.gpusPerNode} GPUs`);
    const id = String(this.#nextId++);
    this.#jobs.set(id, { id, order, state: "held", nodes: [], startedMs: 0, endedMs: 0, exitCode: undefined, restarts: 0, doneS: 0, savedS: 0 }); // prettier-ignore
    this.#version++;
    return id;
  }

  async release(id: string): Promise<void> {
    const job = this.#jobs.get(id);
    if (job?.state === "held") this.#set(job, "queued");
    this.advance();
  }

  async cancel(id: string): Promise<void> {
    this.advance();
    const job = this.#jobs.get(id);
    if (job !== undefined && !isOver(job)) this.#end(job, "cancelled", undefined);
  }

  async signal(id: string, _signal: CheckpointSignal): Promise<void> {
    this.advance();
    const job = this.#jobs.get(id);
    if (job?.state === "running") job.savedS = job.doneS;
  }

  async requeueHeld(id: string): Promise<void> {
    this.advance();
    const job = this.#jobs.get(id);
    if (job === undefined || isOver(job)) return;
    if (job.state === "running") this.#stop(job);
    this.#set(job, "held");
  }

  async changes(cursor: string): Promise<EngineChanges | undefined> {
    this.advance();
    const version = String(this.#version);
    if (cursor === version) return undefined;
    return { jobs: [...this.#jobs.values()].map(shown), complete: true, cursor: version };
  }

  async nodes(): Promise<readonly EngineNode[]> {
    return this.#places.map(({ name, rack, state, reason }) => ({ name, rack: rack.id, gpus: rack.gpusPerTray, state, reason }));
  }

  async drain(node: string, reason: string): Promise<void> {
    const place = this.#places.find(({ name }) => name === node);
    if (place !== undefined) Object.assign(place, { state: "draining", reason });
  }

  async undrain(node: string): Promise<void> {
    const place = this.#places.find(({ name }) => name === node);
    if (place !== undefined) Object.assign(place, { state: "up", reason: "" });
    this.advance();
  }

  async limitPower(): Promise<void> {}

  /** A tray fails: the job on it is put back into the queue, and starts from its last checkpoint. */
  fail(node: string, reason: string): void {
    this.advance();
    const place = this.#places.find(({ name }) => name === node);
    if (place === undefined) return;
    Object.assign(place, { state: "down", reason });
    for (const job of this.#jobs.values()) {
      if (job.state !== "running" || !job.nodes.includes(place)) continue;
      this.#stop(job);
      this.#set(job, "queued");
    }
  }

  async close(): Promise<void> {}

  /** Brings everything up to the twin's now. */
  advance(): void {
    const nowMs = this.#options.now();
    const passedS = Math.max(0, nowMs - this.#lastMs) / 1000;
    this.#lastMs = nowMs;
    for (const job of this.#jobs.values()) {
      if (job.state === "running") this.#work(job, passedS);
      else if (isOver(job) && nowMs - job.endedMs > FORGET_MS) this.#jobs.delete(job.id);
    }
    for (const job of this.#jobs.values()) if (job.state === "queued") this.#start(job);
  }

  #work(job: TwinJob, passedS: number): void {
    job.doneS += passedS * Math.min(1, ...job.nodes.map(({ rack, share }) => share * this.#options.speedOf(rack.id)));
    const { expectedS, timeLimitS } = job.order;
    if (job.doneS >= expectedS) this.#end(job, "done", 0);
    else if (timeLimitS > 0 && this.#lastMs - job.startedMs >= timeLimitS * 1000) this.#end(job, "failed", 124);
  }

  #start(job: TwinJob): void {
    const { nodes, gpusPerNode, topology, excludedNodes } = job.order;
    const free = this.#places.filter((place) => place.state === "up" && place.rack.gpusPerTray - place.used >= gpusPerNode && !excludedNodes.includes(place.name)); // prettier-ignore
    const groups = topology === "any" ? [free] : [...Map.groupBy(free, ({ rack }) => rack.id).values()];
    const fitting = groups.filter((group) => group.length >= nodes).toSorted((a, b) => a.length - b.length)[0];
    if (fitting === undefined) return;
    job.nodes = fitting.slice(0, nodes);
    for (const place of job.nodes) place.used += gpusPerNode;
    job.startedMs = this.#lastMs;
    job.doneS = job.savedS;
    this.#set(job, "running");
  }

  #stop(job: TwinJob): void {
    for (const place of job.nodes) place.used -= job.order.gpusPerNode;
    job.nodes = [];
    job.restarts++;
  }

  #end(job: TwinJob, state: "done" | "failed" | "cancelled", exitCode: number | undefined): void {
    for (const place of job.nodes) place.used -= job.order.gpusPerNode;
    job.endedMs = this.#lastMs;
    job.exitCode = exitCode;
    this.#set(job, state);
  }

  #set(job: TwinJob, state: TwinJob["state"]): void {
    job.state = state;
    this.#version++;
  }

  /** The latest attempt of one of our jobs, by its name there. */
  #of(jobId: string): TwinJob | undefined {
    return [...this.#jobs.values()].findLast(({ order }) => order.stateDir === `/twin/${jobId}`);
  }
}

function isOver({ state }: TwinJob): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

function shown({ id, order, state, nodes, startedMs, endedMs, exitCode, restarts }: TwinJob): EngineJob {
  const reason = state === "queued" ? "no such trays are free" : state === "failed" ? "timeout" : "";
  const placed = state === "running" || state === "done" || state === "failed";
  return { engineId: id, token: order.token, state, reason, nodes: nodes.map(({ name }) => name), startedMs: placed ? startedMs : 0, endedMs, exitCode, restarts }; // prettier-ignore
}
