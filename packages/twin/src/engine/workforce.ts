import type { Catalog } from "@pulmu/catalog";
import type { InferenceWorkload, Site } from "@pulmu/site";
import type { Random } from "@pulmu/units";
import { told } from "../event-words.ts";
import type { OutsideWork, Placement, TwinEvent } from "../simulation.ts";
import { ARRIVED, type Arrivals } from "../traces/index.ts";
import { deployService } from "./deploy-service.ts";
import type { EventLog } from "./event-log.ts";
import type { EventQueue } from "./event-queue.ts";
import { Job, type JobWorkload } from "./job.ts";
import { OutsideWorks } from "./outside-works.ts";
import { paceOf } from "./pace-of.ts";
import { placeGang, placeReplicas, release } from "./placement.ts";
import { RackPools } from "./rack-pools.ts";
import { WORK_KINDS, type RackState } from "./rack-state.ts";
import { ServicePool } from "./service-pool.ts";
import { Slots, updateSpeed, type Owner } from "./work.ts";

/** Seconds to load weights and warm up a replica that is started again elsewhere. A guess: minutes for hundreds of GB. */
const REPLICA_START_S = 300;
/** Waiting jobs looked at in one attempt, and jobs of one workload that may wait: later submissions are dropped with a note. */
const BACKFILL_DEPTH = 32;
const MAX_WAITING = 1000;
/** How often waiting jobs and missing replicas are tried again when nothing was released, s. */
const RETRY_S = 10;
const CLASS_ORDER = { critical: 0, standard: 1, flexible: 2 } as const;

/** Arrivals of one service, and where each second's values go; its pools share the values. */
interface Stream {
  readonly arrivals: Arrivals;
  readonly values: Float64Array;
  readonly pools: readonly ServicePool[];
}

/** Who works where: services and jobs, their GPUs, and what happens to them when hardware goes. */
export class Workforce {
  readonly slots: Slots;
  readonly pools: ServicePool[] = [];
  readonly jobs: Job[] = [];
  readonly outside: OutsideWorks;
  /** Everyone who holds GPUs now; rebuilt with the slots. */
  owners: Owner[] = [];

  readonly #site: Site;
  readonly #catalog: Catalog;
  readonly #state: RackState;
  readonly #log: EventLog;
  readonly #queue: EventQueue;
  readonly #victims: Random;
  readonly #racks: RackPools;
  readonly #streams: Stream[] = [];
  readonly #running: Job[] = [];
  readonly #waiting: Job[] = [];
  readonly #serial = new Map<string, number>();
  #mayPlace = true;
  #nowS = 0;

  constructor(
    site: Site,
    catalog: Catalog,
    state: RackState,
    log: EventLog,
    queue: EventQueue,
    victims: Random,
    arrivals: ReadonlyMap<string, Arrivals>,
  ) {
    this.#site = site;
    this.#catalog = catalog;
    this.#state = state;
    this.#log = log;
    this.#queue = queue;
    this.#victims = victims;
    this.slots = new Slots(state.count);
    this.outside = new OutsideWorks(site, state, log);
    const { isEngines } = this.outside;
    for (let r = 0; r < state.count; r++) if (isEngines[r] === 1) state.freeGpus[r] = 0;
    this.#racks = new RackPools(site, state, isEngines);
    for (const workload of site.workloads) {
      if (workload.kind === "inference") this.#deploy(workload, arrivals.get(workload.id), catalog);
    }
    for (const workload of site.workloads) {
      if (workload.kind !== "inference") this.#submitFrom(workload, workload.firstS);
    }
  }

  get runningJobs(): number {
    return this.#running.length + this.outside.owners.length;
  }

  get waitingJobs(): number {
    return this.#waiting.length;
  }

  /** What arrives, what is worked on, what ends: one second of all work, before power is known. */
  step(atS: number): void {
    this.#nowS = atS;
    if (this.#mayPlace || atS % RETRY_S === 0) this.#placeWaiting(atS);
    for (const { arrivals, values, pools } of this.#streams) {
      arrivals.at(atS, values);
      const prompt = values[ARRIVED.promptTokens] - values[ARRIVED.cachedPromptTokens];
      for (const pool of pools) pool.step(values[ARRIVED.requests], prompt, values[ARRIVED.outputTokens]);
    }
    for (let i = this.#running.length - 1; i >= 0; i--) {
      const job = this.#running[i];
      job.step();
      if (job.finished) this.#finish(job, i, atS);
    }
    this.#refresh();
  }

  setOutside(works: readonly OutsideWork[], atS: number): void {
    this.outside.set(works, atS);
    this.slots.dirty = true;
  }

  placements(): Placement[] {
    const own = (owner: Owner, id: string, tenantId: string, serviceClass: string): Placement => ({
      id,
      tenantId,
      serviceClass,
      gang: owner.gang,
      busy: { [WORK_KINDS[owner.kindA]]: owner.busyA, [WORK_KINDS[owner.kindB]]: owner.busyB },
      pieces: owner.pieces,
      gpuPowerW: owner.gpuPowerW,
    });
    return [
      ...this.pools.map((pool) => own(pool, pool.settings.id, pool.settings.tenantId, pool.settings.serviceClass)),
      ...this.#running.map((job) => own(job, job.spec.id, job.spec.tenantId, job.spec.workload.serviceClass)),
      ...this.outside.owners.map((owner) => own(owner, owner.work.id, owner.work.tenantId, owner.work.serviceClass)),
    ];
  }

  /** Takes GPUs of one rack out of service; whoever held them is hit. Returns how many were taken: none of an engine's, whose nodes fail by themselves. */
  failGpus(rack: number, wanted: number, atS: number): number {
    if (this.outside.isEngines[rack] === 1) return 0;
    const state = this.#state;
    const healthy = state.gpus[rack] - state.failedGpus[rack];
    const gpus = Math.min(wanted, healthy);
    if (gpus === 0) return 0;
    // The fault falls on a GPU at random, free or held; more holders are hit only if it takes more than that one has.
    let at = this.#victims.next() * healthy - state.freeGpus[rack];
    const holders = this.#holders(rack);
    for (const { owner, held } of holders) {
      if (at < 0) break;
      at -= held;
      if (at < 0) this.#evict(owner, rack, gpus, atS);
    }
    for (const { owner } of holders) {
      if (state.freeGpus[rack] >= gpus) break;
      this.#evict(owner, rack, gpus, atS);
    }
    state.freeGpus[rack] -= gpus;
    state.failedGpus[rack] += gpus;
    state.conditionChanged = true;
    return gpus;
  }

  repairGpus(rack: number, gpus: number): void {
    this.#state.freeGpus[rack] += gpus;
    this.#state.failedGpus[rack] -= gpus;
    this.#state.conditionChanged = true;
    this.#mayPlace = true;
  }

  /** A rack went dark or came back. */
  setRackUp(rack: number, up: boolean, atS: number): void {
    this.#state.up[rack] = up ? 1 : 0;
    this.#state.conditionChanged = true;
    if (up) {
      this.#mayPlace = true;
      return;
    }
    for (const { owner, held } of this.#holders(rack)) this.#evict(owner, rack, held, atS);
  }

  /** Gangs on the rack lose a step's messages and start again; services reconnect by themselves. */
  dropNetwork(rack: number, atS: number): void {
    for (const { owner } of this.#holders(rack)) if (owner instanceof Job && owner.gang) this.#failJob(owner, rack, atS);
  }

  /** Rebuilds who-is-where and gang speeds if anything changed. */
  #refresh(): void {
    const { slots } = this;
    const state = this.#state;
    if (!slots.dirty && !state.tablesChanged) return;
    if (slots.dirty) this.owners = [...this.pools, ...this.#running, ...this.outside.owners];
    for (const owner of this.owners) updateSpeed(owner, state);
    slots.rebuild(this.owners, state);
    state.tablesChanged = false;
  }

  #deploy(workload: InferenceWorkload, arrivals: Arrivals | undefined, catalog: Catalog): void {
    if (arrivals === undefined) throw new Error(`no arrivals were given for inference workload "${workload.id}"`);
    const deployed = deployService(workload, arrivals, { site: this.#site, catalog, state: this.#state, racks: this.#racks });
    if (typeof deployed === "string") {
      this.#note(0, "warning", workload.id, { text: `${deployed}; it is not deployed` });
      return;
    }
    const { pools, arrivals: played } = deployed;
    for (const { settings, replicas } of pools) {
      const wanted = settings.wantedReplicas;
      if (replicas < wanted) this.#note(0, "warning", settings.id, told("replicas-short", { replicas, wanted }));
    }
    this.pools.push(...pools);
    this.#streams.push({ arrivals: played, values: new Float64Array(Object.keys(ARRIVED).length), pools });
  }

  #submitFrom(workload: JobWorkload, atS: number): void {
    this.#queue.schedule(atS, () => {
      this.#submit(workload, atS);
      if (workload.everyS > 0) this.#submitFrom(workload, atS + workload.everyS);
    });
  }

  #submit(workload: JobWorkload, atS: number): void {
    const serial = (this.#serial.get(workload.id) ?? 0) + 1;
    this.#serial.set(workload.id, serial);
    const types = this.#racks.typesFor(workload);
    const largest = Math.max(...types.map((typeId) => this.#racks.demandOn(workload.demand, typeId, types)));
    const gpus = "gpus" in workload.demand ? workload.demand.gpus : largest;
    if (this.#waiting.filter((job) => job.spec.workload.id === workload.id).length >= MAX_WAITING) {
      this.#note(atS, "warning", workload.id, told("submission-dropped", { serial, waiting: MAX_WAITING }));
      return;
    }
    const job = new Job({
      id: `${workload.id}-${serial}`,
      workload,
      tenantId: this.#site.tenants[workload.tenant].id,
      gpus,
      submittedS: atS,
    });
    this.jobs.push(job);
    this.#enqueue(job);
  }

  #enqueue(job: Job): void {
    this.#waiting.push(job);
    // Restarts first, then by class; the sort is stable, so equals keep their order.
    const order = (waiting: Job) => (waiting.state === "restarting" ? -1 : CLASS_ORDER[waiting.spec.workload.serviceClass]);
    this.#waiting.sort((a, b) => order(a) - order(b));
    this.#mayPlace = true;
  }

  #placeWaiting(atS: number): void {
    this.#mayPlace = false;
    for (const pool of this.pools) this.#restoreReplicas(pool);
    let tried = 0;
    for (let i = 0; i < this.#waiting.length && tried < BACKFILL_DEPTH; tried++) {
      const job = this.#waiting[i];
      if (this.#tryPlace(job, atS)) this.#waiting.splice(i, 1);
      else i++;
    }
  }

  #tryPlace(job: Job, atS: number): boolean {
    const { workload, gpus } = job.spec;
    const types = this.#racks.typesFor(workload).toSorted((a, b) => this.#racks.freeOn(b) - this.#racks.freeOn(a));
    for (const typeId of types) {
      if (this.#racks.freeOn(typeId) < gpus) break;
      const pool = this.#racks.of(typeId);
      const accelerator = this.#state.accelerators[pool.racks[0]];
      const pieces = placeGang(this.#state, pool, gpus);
      if (pieces === undefined) continue;
      const restarting = job.state === "restarting";
      job.place(pieces, paceOf(workload, accelerator, gpus, this.#catalog), atS);
      this.#running.push(job);
      this.slots.dirty = true;
      this.#log.push({
        atS,
        kind: "job-started",
        severity: "info",
        subject: job.spec.id,
        ...told(restarting ? "job-restarted" : "job-started", { gpus, racks: pieces.length }),
      });
      return true;
    }
    if (!job.announced) {
      job.announced = true;
      this.#log.push({
        atS,
        kind: "job-waiting",
        severity: "info",
        subject: job.spec.id,
        ...told("job-waiting", { gpus }),
      });
    }
    return false;
  }

  #restoreReplicas(pool: ServicePool): void {
    const missing = pool.settings.wantedReplicas - pool.replicas - pool.startingReplicas;
    if (missing <= 0) return;
    const racks = this.#racks.of(pool.settings.rackTypeId);
    const pieces = placeReplicas(this.#state, racks, pool.model.gpus, missing);
    if (pieces.length === 0) return;
    // The GPUs are taken now and serve once the weights are loaded.
    pool.starting.push(...pieces);
    this.#queue.schedule(this.#nowS + REPLICA_START_S, () => {
      const ready = pieces.filter((piece) => pool.starting.includes(piece));
      pool.starting = pool.starting.filter((piece) => !ready.includes(piece));
      pool.pieces = [...pool.pieces, ...ready];
      pool.recount();
      this.slots.dirty = true;
    });
  }

  #finish(job: Job, index: number, atS: number): void {
    release(this.#state, job.pieces);
    job.end(atS);
    this.#running.splice(index, 1);
    this.slots.dirty = true;
    this.#mayPlace = true;
    this.#log.push({
      atS,
      kind: "job-ended",
      severity: "info",
      subject: job.spec.id,
      ...told("job-ended", { restarts: job.restarts }),
    });
  }

  #holders(rack: number): { readonly owner: Owner; readonly held: number }[] {
    const holders: { owner: Owner; held: number }[] = [];
    const look = (owner: Owner, pieces: Owner["pieces"]) => {
      for (const piece of pieces) if (piece.rack === rack && piece.gpus > 0) holders.push({ owner, held: piece.gpus });
    };
    for (const pool of this.pools) {
      look(pool, pool.pieces);
      look(pool, pool.starting);
    }
    for (const job of this.#running) look(job, job.pieces);
    return holders;
  }

  #evict(owner: Owner, rack: number, gpus: number, atS: number): void {
    if (owner instanceof Job) {
      if (owner.pieces.length > 0) this.#failJob(owner, rack, atS);
    } else if (owner instanceof ServicePool) {
      this.#state.freeGpus[rack] += owner.lose(rack, gpus);
      this.slots.dirty = true;
      this.#mayPlace = true;
    }
  }

  #failJob(job: Job, rack: number, atS: number): void {
    release(this.#state, job.pieces);
    job.fail();
    this.#running.splice(this.#running.indexOf(job), 1);
    this.slots.dirty = true;
    this.#enqueue(job);
    this.#log.push({
      atS,
      kind: "job-failed",
      severity: "warning",
      subject: job.spec.id,
      ...told("job-failed", { rack: this.#site.racks[rack].id }),
    });
  }

  #note(atS: number, severity: "info" | "warning", subject: string, said: Pick<TwinEvent, "text" | "words">): void {
    this.#log.push({ atS, kind: "note", severity, subject, ...said });
  }
}
