import type { Ledger } from "@pulmu/ledger";
import { PulmuError } from "@pulmu/units";
import { ENDED, type Job, parseToken } from "../book/job.ts";
import type { JobBook } from "../book/job-book.ts";
import { endPause, unmeteredMs } from "../book/job-times.ts";
import type { Engine, EngineAbilities, EngineJob, EngineNode } from "../engines/engine.ts";
import { decide } from "../quota/decide.ts";
import { WHY } from "../quota/decision.ts";
import type { Quota, Reservation } from "../quota/quota.ts";
import { type ClusterFacts, kindsOf, nodeGpus } from "../spec/cluster.ts";
import { writeEngine } from "../book/engine-snapshot.ts";
import { handOver, inParallel, orderOf } from "./hand-over.ts";
import type { JobFiles } from "./job-files.ts";
import { LiveJobs } from "./live-jobs.ts";
import { type EnergyMeter, type MeterCount, type MeteredPeriod, meterPeriod } from "./metering.ts";
import { ended, missing, takeIn } from "./observe.ts";
import { Pausing } from "./pausing.ts";
import type { PowerSource, PowerState } from "./power-source.ts";
import { Suspects } from "./suspects.ts";
import { Groups, queueOrder, Racks, runningTable, waitingTable } from "./tables.ts";
import { chainOf, pauseReason, waitReason } from "./words.ts";

/** The engine is asked for jobs this often at most, and for nodes that often: together less than once in two seconds. */
const LIST_JOBS_MS = 2_500;
const LIST_NODES_MS = 12_500;
/** After a listing the engine has this many times its length to itself, if that is more. */
const LISTING_REST = 4;
/** Without any change: decided anew after this long. */
const DECIDE_MS = 2_000;
const TICK_MS = 250;
/** Jobs handed over in one step, so that a step stays short; and jobs that wait at the engine, held. The others wait here. */
const HAND_OVER_AT_ONCE = 256;
const MAX_HELD = 2_000;
/** A hand-over whose answer was lost is looked for at least this long before it is sent again. */
const LOOK_FOR_MS = 10_000;
/** The engine is told its power budget again after this long: it may have forgotten. */
const POWER_AGAIN_MS = 60_000;
const LOOK_AT_CHECKPOINTS_MS = 10_000;
/** Jobs are warned so long before a budget that is known to come. */
const WARN_MS = 60_000;
/** A warning younger than this is not repeated when the pause begins. */
const WARNED_MS = 120_000;
const METER_MS = 60_000;
/** What is known of the engine is written down when it changes, and at least this often: who reads it sees that somebody is there. */
const TELL_MS = 10_000;
/** Reasons of waiting jobs written down in one step; the others follow. */
const REASONS_AT_ONCE = 200;

export interface RunnerOptions {
  readonly book: JobBook;
  readonly engine: Engine;
  readonly files: JobFiles;
  readonly power: PowerSource;
  readonly cluster: ClusterFacts;
  readonly meter: EnergyMeter;
  /** Where usage goes; undefined = nowhere. */
  readonly ledger: Ledger | undefined;
  /** Told of each period that was metered. */
  readonly onMetered?: (period: MeteredPeriod) => Promise<void>;
  readonly houseId: string;
  readonly now: () => number;
  readonly complain: (text: string) => void;
}

/** What the runner knows, for whoever shows it. */
export interface RunnerView {
  readonly engine: string;
  readonly abilities: EngineAbilities | undefined;
  readonly nodes: readonly EngineNode[];
  readonly power: PowerState;
  readonly drawnW: number;
  /** Listings the engine was asked for, since the start. */
  readonly listings: number;
  /** When the engine last answered; 0 = never. */
  readonly answeredMs: number;
  readonly problem: string;
}

/**
 * Runs the jobs of the book on an engine. Everything that must not be forgotten is written down before the engine is told, and everything
 * that the engine says is held against it: so it may be killed at any moment, and so may the engine.
 *
 * One step: take in what people ask → look at the engine → decide → hand over, let go, pause, end → write down.
 */
export class JobRunner {
  readonly #options: RunnerOptions;
  readonly #live = new LiveJobs();
  readonly #pausing: Pausing;
  readonly #suspects = new Suspects();
  /** Calls to the engine that are decided, written down and not done yet, by job. */
  readonly #asked = new Map<string, "release" | "warn" | "cancel">();
  #abilities: EngineAbilities | undefined;
  #nodes: readonly EngineNode[] = [];
  #racks = new Racks([]);
  #quotas: readonly Quota[] = [];
  #reservations: readonly Reservation[] = [];
  #gpuMonth: ReadonlyMap<string, number> = new Map();
  #power: PowerState;
  #toldBudgetW = NaN;
  #drawnW = 0;
  #cursor = "";
  #observed = false;
  #listings = 0;
  #answeredMs = 0;
  #problem = "";
  #toldNews = "";
  #dirty = true;
  readonly #due = { jobs: -Infinity, nodes: -Infinity, decide: -Infinity, power: -Infinity, tell: -Infinity, checkpoints: -Infinity, meter: NaN, quotas: -Infinity, wishes: -Infinity }; // prettier-ignore
  #counted: MeterCount;
  #stepping: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #started = false;
  #poked = false;
  #closed = false;
  readonly #startedMs: number;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#pausing = new Pausing(options.engine, options.files);
    this.#startedMs = options.now();
    this.#power = options.power.now(0);
    this.#counted = options.meter.read();
  }

  /** Works until `close`. */
  start(): void {
    this.#started = true;
    this.#wakeIn(0);
  }

  #wakeIn(delayMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed && this.#started) this.#timer = setTimeout(() => void this.#work(), delayMs);
  }

  async #work(): Promise<void> {
    this.#poked = false;
    const more = await this.step().catch((error: Error) => {
      this.#options.complain(`jobs: ${error instanceof PulmuError ? error.message : (error.stack ?? error.message)}`);
      return false;
    });
    this.#wakeIn(more || this.#poked ? 0 : TICK_MS);
  }

  /** Ends the work here; jobs go on at the engine. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#stepping?.catch(() => {});
    await this.#meterNow().catch(() => {});
    await this.#write().catch(() => {});
    await this.#options.engine.close();
  }

  get view(): RunnerView {
    return {
      engine: this.#options.engine.name,
      abilities: this.#abilities,
      nodes: this.#nodes,
      power: this.#power,
      drawnW: this.#drawnW,
      listings: this.#listings,
      answeredMs: this.#answeredMs,
      problem: this.#problem,
    };
  }

  /** Unsettled jobs as they stand this moment. */
  jobs(): readonly Job[] {
    return this.#live.all();
  }

  job(id: string): Job | undefined {
    return this.#live.get(id);
  }

  /** Something was asked for: it is looked at now rather than in a while. */
  poke(): void {
    this.#due.wishes = -Infinity;
    this.#poked = true;
    if (this.#stepping === undefined) this.#wakeIn(0);
  }

  /** One step; true when there is more to do at once. */
  step(): Promise<boolean> {
    this.#stepping ??= this.#step().finally(() => (this.#stepping = undefined));
    return this.#stepping;
  }

  async #step(): Promise<boolean> {
    const nowMs = this.#options.now();
    await this.#takeInAsked(nowMs);
    try {
      this.#abilities ??= await this.#options.engine.probe();
      await this.#observe(nowMs);
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      this.#trouble(error.message);
      await this.#write();
      await this.#tellEngine(nowMs);
      return false; // nothing is decided on what is not known
    }
    const powerChanged = this.#takePower();
    await this.#limitPower(nowMs);
    if (this.#dirty || powerChanged || nowMs - this.#due.decide >= DECIDE_MS) this.#decide(nowMs);
    await this.#write();
    const more = await this.#act(nowMs);
    this.#options.meter.tick?.(this.#modelledW(), nowMs);
    await this.#meterIfDue(nowMs);
    await this.#write();
    await this.#tellEngine(nowMs);
    return more;
  }

  /** Leaves a note of the engine for those who are not the runner. */
  async #tellEngine(nowMs: number): Promise<void> {
    const news = [
      this.#power.budgetW,
      this.#drawnW,
      this.#problem,
      this.#abilities?.description,
      ...this.#nodes.map(({ state }) => state),
    ].join("\n");
    if (nowMs - this.#due.tell < TELL_MS && news === this.#toldNews) return;
    this.#due.tell = nowMs;
    this.#toldNews = news;
    const { book, cluster, files } = this.#options;
    const count = (state: EngineNode["state"]) => this.#nodes.filter((node) => node.state === state).length;
    await writeEngine(book.store, {
      atMs: nowMs,
      engine: this.#abilities?.description ?? this.#options.engine.name,
      cluster: { ...cluster, kinds: kindsOf(this.#nodes), contractW: this.#contractW(), images: this.#abilities?.images === true },
      nodesUp: count("up"),
      nodesDraining: count("draining"),
      nodesDown: count("down"),
      limitBudgetW: this.#power.budgetW,
      drawnW: this.#drawnW,
      cause: this.#power.cause?.text ?? "",
      listings: this.#listings,
      startedMs: this.#startedMs,
      problem: this.#problem,
      filesRoot: files.dirOf(""),
    });
  }

  /** All that jobs may ever draw: what the engine counts, else what its GPUs need. */
  #contractW(): number {
    const counted = this.#abilities?.powerW ?? 0;
    return counted > 0 ? counted : Math.ceil((nodeGpus(this.#nodes) * this.#options.cluster.wattsPerGpu) / 1000) * 1000;
  }

  // --- what people ask

  async #takeInAsked(nowMs: number): Promise<void> {
    if (nowMs - this.#due.wishes < TICK_MS) return;
    this.#due.wishes = nowMs;
    const { book } = this.#options;
    for (const job of await book.live(this.#live.lastSeq)) {
      this.#live.put(job);
      this.#dirty = true;
    }
    for (const id of await book.wishes()) this.#cancel(id, nowMs);
    if (nowMs - this.#due.quotas < DECIDE_MS) return;
    this.#due.quotas = nowMs;
    this.#quotas = await book.quotas();
    this.#reservations = await book.reservations();
    this.#gpuMonth = await book.gpuMonth(monthOf(nowMs));
  }

  #cancel(id: string, nowMs: number): void {
    const job = this.#live.get(id);
    if (job === undefined || ENDED.has(job.state) || this.#asked.get(id) === "cancel") return;
    if (job.engineId === "" && job.sentMs === 0) {
      const { what, text } = ended(job, "cancelled", "cancelled before it started", nowMs, -1);
      this.#ended(job, what, text, nowMs);
    } else this.#asked.set(id, "cancel");
  }

  // --- what the engine says

  async #observe(nowMs: number): Promise<void> {
    const { engine } = this.#options;
    if (nowMs - this.#due.nodes >= LIST_NODES_MS) {
      this.#due.nodes = nowMs;
      this.#listings++;
      this.#nodes = await engine.nodes();
      this.#racks = new Racks(this.#nodes);
      this.#answered(nowMs);
      this.#dirty = true;
    }
    if (nowMs - this.#due.jobs < LIST_JOBS_MS || (this.#observed && this.#live.size === 0)) return;
    this.#due.jobs = nowMs;
    this.#listings++;
    const changes = await engine.changes(this.#cursor);
    // A listing that takes long is not asked for again at once: the engine has other work.
    this.#due.jobs = Math.max(nowMs, this.#options.now() + LISTING_REST * (this.#options.now() - nowMs) - LIST_JOBS_MS);
    this.#answered(nowMs);
    this.#observed = true;
    if (changes !== undefined) {
      await this.#takeIn(changes.jobs, changes.complete, nowMs);
      this.#cursor = changes.cursor;
    }
    if (nowMs - this.#due.checkpoints < LOOK_AT_CHECKPOINTS_MS) return;
    this.#due.checkpoints = nowMs;
    const saving = this.#live.filter(({ state, spec }) => state === "running" && spec.checkpoint !== undefined);
    await inParallel(saving, async (job) => {
      if (await this.#pausing.look(job, nowMs)) this.#live.touch(job, nowMs);
    });
  }

  #answered(nowMs: number): void {
    this.#answeredMs = nowMs;
    this.#problem = "";
  }

  async #takeIn(seen: readonly EngineJob[], complete: boolean, nowMs: number): Promise<void> {
    const { houseId, engine, files } = this.#options;
    const found = new Set<Job>();
    for (const engineJob of seen) {
      const token = parseToken(houseId, engineJob.token);
      if (token === undefined) continue;
      const job = this.#live.get(token.id);
      const over = engineJob.state === "done" || engineJob.state === "failed" || engineJob.state === "cancelled" || engineJob.state === "node-failed"; // prettier-ignore
      if (job === undefined || ENDED.has(job.state) || token.attempt !== job.attempt) {
        // Of a job that is over, or of an attempt that is: a stray that must never be let go.
        if (!over && (await this.#isStray(token.id, job))) await engine.cancel(engineJob.engineId);
        continue;
      }
      if (job.engineId === "") this.#adopt(job, engineJob.engineId, nowMs);
      if (job.engineId !== engineJob.engineId) {
        if (!over) await engine.cancel(engineJob.engineId); // handed over twice: only the one whose id we have counts
        continue;
      }
      found.add(job);
      const before = job.state;
      const nodes = job.nodes;
      const told = takeIn(job, engineJob, nowMs);
      if (told !== undefined) this.#tell(job, before, told.what, told.text, nodes, nowMs);
    }
    if (!complete) return;
    for (const job of this.#live.atEngine()) {
      if (found.has(job) || job.sentMs >= nowMs) continue;
      const before = job.state;
      const nodes = job.nodes;
      const told = missing(job, await files.exitMark(job.id), nowMs);
      if (told !== undefined) this.#tell(job, before, told.what, told.text, nodes, nowMs);
    }
    for (const job of this.#live.filter(({ engineId, sentMs }) => engineId === "" && sentMs > 0))
      if (nowMs - job.sentMs >= LOOK_FOR_MS) job.sentMs = 0; // it is not there: it is sent again, under the same token
  }

  /** Somebody else's runner on the same database may know better: then it is none. */
  async #isStray(id: string, job: Job | undefined): Promise<boolean> {
    return job !== undefined || (await this.#options.book.find(id)) !== undefined;
  }

  #adopt(job: Job, engineId: string, nowMs: number): void {
    job.engineId = engineId;
    if (job.state === "waiting") job.state = "held";
    this.#live.tell(job, nowMs, "handed-over", `at the engine as ${engineId}`);
  }

  #tell(job: Job, before: Job["state"], what: string, text: string, nodes: readonly string[], nowMs: number): void {
    this.#dirty = true;
    if (what === "failed" || what === "lost") this.#suspects.strike(job.id, nodes, nowMs);
    if (job.state === "paused" && before === "pausing") this.#pausing.forget(job.id);
    if (ENDED.has(job.state)) this.#ended(job, what, text, nowMs);
    else this.#live.tell(job, nowMs, what, text);
  }

  #ended(job: Job, what: string, text: string, nowMs: number): void {
    endPause(job, nowMs);
    this.#asked.delete(job.id);
    this.#pausing.forget(job.id);
    this.#live.tell(job, nowMs, what, text);
    this.#live.draft({ kind: `jobs.${job.state}`, actor: "system", subject: job.id, data: { projectId: job.projectId, reason: text, ranMs: job.ranMs, lostMs: job.lostMs } }); // prettier-ignore
    this.#dirty = true;
  }

  // --- power

  #takePower(): boolean {
    const before = this.#power;
    this.#power = this.#options.power.now(this.#contractW());
    return before.budgetW !== this.#power.budgetW;
  }

  async #limitPower(nowMs: number): Promise<void> {
    const { budgetW } = this.#power;
    if ((this.#abilities?.powerW ?? 0) === 0 || budgetW === Infinity) return;
    if (budgetW === this.#toldBudgetW && nowMs - this.#due.power < POWER_AGAIN_MS) return;
    await this.#tryEngine(async () => {
      await this.#options.engine.limitPower(budgetW);
      this.#toldBudgetW = budgetW;
      this.#due.power = nowMs;
    });
  }

  // --- decisions

  #decide(nowMs: number): void {
    if (!this.#observed || this.#nodes.length === 0) return; // who runs is not known yet
    this.#dirty = false;
    this.#due.decide = nowMs;
    const drawing = this.#live.drawing();
    this.#drawnW = drawing.reduce((sum, { powerW }) => sum + powerW, 0);
    const waiting = this.#live.filter((job) => this.#mayStart(job, nowMs)).toSorted(queueOrder);
    const groups = new Groups([...waiting, ...drawing], this.#quotas, this.#reservations, this.#gpuMonth, nowMs);
    const running = runningTable(drawing, groups, this.#racks, nowMs);
    const place = this.#racks.place(drawing, this.#power.budgetW);
    const { start, pause, why } = decide(groups.table, waitingTable(waiting, groups, nowMs), running, place);
    for (const { job, for: kind, waiting: forWhom } of pause) this.#beginPause(drawing[job], pauseReason(kind, this.#power, waiting[forWhom]), nowMs); // prettier-ignore
    for (const i of start) this.#letGo(waiting[i], nowMs);
    let written = 0;
    for (const [i, job] of waiting.entries()) {
      const reason = waitReason(WHY[why[i]], job, this.#power, this.#drawnW);
      if (job.reason.split(":")[0] !== reason.split(":")[0] && written++ < REASONS_AT_ONCE) this.#live.touch(job, nowMs);
      if (why[i] !== 0 && job.state !== "paused") job.reason = reason;
    }
    this.#warnAhead(drawing, groups, nowMs);
  }

  #mayStart(job: Job, nowMs: number): boolean {
    if (job.state !== "waiting" && job.state !== "held" && job.state !== "paused") return false;
    return job.notBeforeMs <= nowMs && !this.#asked.has(job.id) && this.#dependenciesMet(job, nowMs);
  }

  #dependenciesMet(job: Job, nowMs: number): boolean {
    for (const id of job.spec.after) {
      const before = this.#live.get(id);
      const state = before?.state ?? this.#past.get(id);
      if (state === "done") continue;
      if (state === "failed" || state === "cancelled") {
        const { what, text } = ended(job, "cancelled", `cancelled: ${id}, which it comes after, has ${state === "failed" ? "failed" : "been cancelled"}`, nowMs, -1); // prettier-ignore
        this.#ended(job, what, text, nowMs);
        return false;
      }
      if (before === undefined && state === undefined) this.#unknown.add(id);
      job.reason = `waits for ${id} to end`;
      return false;
    }
    return true;
  }
  /** States of jobs that ended before others came to depend on them, and those not looked up yet. */
  readonly #past = new Map<string, Job["state"]>();
  readonly #unknown = new Set<string>();

  /** Lets a job start: it is written down first, and the engine is told after. */
  #letGo(job: Job, nowMs: number): void {
    if (job.engineId === "") return; // it is handed over first, and decided on again
    const resumed = job.state === "paused";
    endPause(job, nowMs);
    job.state = "released";
    job.nodes = [];
    job.reason = "starts as soon as the engine has room";
    this.#drawnW += job.powerW;
    this.#live.tell(job, nowMs, resumed ? "resumed" : "released", resumed ? `goes on: ${chainOf(this.#power) || "there is room again"}` : "may start"); // prettier-ignore
    if (resumed) this.#live.draft({ kind: "jobs.resumed", actor: "system", subject: job.id, data: { pausedMs: job.pausedMs } });
    this.#asked.set(job.id, "release");
  }

  #beginPause(job: Job, reason: string, nowMs: number): void {
    const traceparent = this.#power.cause?.traceparent ?? "";
    job.state = "pausing";
    job.reason = reason;
    if (nowMs - job.askedMs > WARNED_MS || job.checkpointMs < job.askedMs) this.#asked.set(job.id, "warn");
    else this.#asked.delete(job.id);
    this.#live.tell(job, nowMs, "pausing", reason, traceparent);
    this.#live.draft({ kind: "jobs.pausing", actor: "system", subject: job.id, data: { reason, powerW: job.powerW }, ...(traceparent === "" ? {} : { traceparent }) }); // prettier-ignore
  }

  /** Jobs that a budget to come would pause are asked to save their work before. */
  #warnAhead(drawing: readonly Job[], groups: Groups, nowMs: number): void {
    const { next } = this.#power;
    if (next === undefined || next.budgetW >= this.#power.budgetW || next.fromMs - nowMs > WARN_MS) return;
    const running = runningTable(drawing, groups, this.#racks, nowMs);
    const { pause } = decide(groups.table, waitingTable([], groups, nowMs), running, this.#racks.place(drawing, next.budgetW));
    for (const { job: i } of pause) {
      const job = drawing[i];
      if (job.state !== "running" || job.spec.checkpoint === undefined || nowMs - job.askedMs < WARNED_MS) continue;
      this.#asked.set(job.id, "warn");
      this.#live.tell(job, nowMs, "warned", "asked to save its work: power goes down soon", this.#power.cause?.traceparent);
    }
  }

  // --- what is done about it

  async #act(nowMs: number): Promise<boolean> {
    await this.#lookUpPast();
    await this.#doAsked(nowMs);
    await inParallel(this.#live.filter(({ state }) => state === "pausing"), (job) => this.#tryEngine(async () => {
      if (await this.#pausing.look(job, nowMs)) this.#live.tell(job, nowMs, "checkpointed", `its work is saved, ${((nowMs - job.askedMs) / 1000).toFixed(1)} s after it was asked`); // prettier-ignore
      if (!this.#asked.has(job.id)) await this.#pausing.stop(job, this.#abilities!, nowMs);
    })); // prettier-ignore
    return this.#handOver(nowMs);
  }

  /** Tells the engine what was decided and written down. What fails is done again at the next step. */
  async #doAsked(nowMs: number): Promise<void> {
    const { engine } = this.#options;
    await inParallel([...this.#asked], async ([id, what]) => {
      const job = this.#live.get(id);
      if (job === undefined || ENDED.has(job.state)) return void this.#asked.delete(id);
      if (job.engineId === "" && what !== "cancel") return void this.#asked.delete(id);
      if (job.engineId === "" && job.sentMs > 0) return; // it is looked for first
      return this.#tryEngine(async () => {
        if (what === "release" && job.state === "released") await engine.release(job.engineId);
        if (what === "warn") await this.#pausing.warn(job, nowMs);
        if (what === "cancel") {
          if (job.engineId !== "") await engine.cancel(job.engineId);
          const { what: how, text } = ended(job, "cancelled", "cancelled", nowMs, -1);
          this.#ended(job, how, text, nowMs);
        }
        this.#asked.delete(id);
      });
    });
  }

  async #tryEngine(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      this.#trouble(error.message);
    }
  }

  /** Said once, until it is over. */
  #trouble(text: string): void {
    if (text !== this.#problem) this.#options.complain(`jobs: ${text}`);
    this.#problem = text;
  }

  async #lookUpPast(): Promise<void> {
    if (this.#unknown.size === 0) return;
    const ids = [...this.#unknown].slice(0, 500);
    const states = await this.#options.book.states(ids);
    for (const id of ids) {
      this.#unknown.delete(id);
      const state = states.get(id) ?? "cancelled";
      if (ENDED.has(state)) this.#past.set(id, state);
    }
  }

  async #handOver(nowMs: number): Promise<boolean> {
    const { engine, files, houseId } = this.#options;
    const held = this.#live.filter(({ state }) => state === "held").length;
    const room = Math.min(HAND_OVER_AT_ONCE, MAX_HELD - held);
    const next = this.#live
      .filter((job) => job.engineId === "" && job.sentMs === 0 && this.#mayStart(job, nowMs))
      .toSorted(queueOrder)
      .slice(0, Math.max(0, room));
    if (next.length === 0) return false;
    for (const job of next) {
      job.sentMs = nowMs;
      this.#live.touch(job, nowMs);
    }
    await this.#write(); // before it is sent: after a crash it is known that it may be there
    const excluded = this.#suspects.excluded(this.#nodes.length, nowMs);
    const results = await handOver(engine, files, next.map((job) => [job, orderOf(job, houseId, files, excluded)] as const)); // prettier-ignore
    for (const handed of results) {
      const { job } = handed;
      if (handed.result === "taken") this.#adopt(job, handed.engineId, nowMs);
      else if (handed.result === "refused") {
        const { what, text } = ended(job, "failed", `the engine refused it: ${handed.text}`, nowMs, -1);
        this.#ended(job, what, text, nowMs);
      } else {
        this.#trouble(handed.text);
        if (handed.result === "away") job.sentMs = 0;
      }
    }
    this.#dirty = true;
    return results.every(({ result }) => result === "taken");
  }

  // --- what is written down

  async #write(): Promise<void> {
    const taken = this.#live.take();
    try {
      await this.#options.book.write(taken.changes, taken.drafts, this.#options.now());
    } catch (error) {
      this.#live.putBack(taken);
      throw error;
    }
  }

  /** What the nodes draw, as far as is known without a meter: the working GPUs' watts, and the idle ones'. */
  #modelledW(): number {
    const { wattsPerGpu, idleWattsPerGpu } = this.#options.cluster;
    const working = this.#live.filter(({ runSinceMs }) => runSinceMs > 0);
    const busyGpus = working.reduce((sum, { gpus }) => sum + gpus, 0);
    const busyW = working.reduce((sum, { gpus, spec }) => sum + gpus * (spec.powerPerGpu ?? wattsPerGpu), 0);
    return busyW + Math.max(0, nodeGpus(this.#nodes) - busyGpus) * idleWattsPerGpu;
  }

  async #meterIfDue(nowMs: number): Promise<void> {
    if (Number.isNaN(this.#due.meter)) this.#due.meter = nowMs;
    const settling = this.#live.filter(({ state }) => ENDED.has(state)).length;
    if (nowMs - this.#due.meter >= METER_MS || settling > 1_000) await this.#meterNow();
    else await this.#sendUsage();
  }

  async #meterNow(): Promise<void> {
    const { book, houseId, now, meter, cluster } = this.#options;
    const untilMs = now();
    const fromMs = Number.isNaN(this.#due.meter) ? untilMs : this.#due.meter;
    await this.#write();
    const read = meter.read();
    const jobs = this.#live.filter((job) => unmeteredMs(job, untilMs) > 0 || ENDED.has(job.state));
    const counted = { itMilliJ: read.itMilliJ - this.#counted.itMilliJ, facilityMilliJ: read.facilityMilliJ - this.#counted.facilityMilliJ, carbonMilliG: read.carbonMilliG - this.#counted.carbonMilliG }; // prettier-ignore
    const period = meterPeriod(jobs, { ...cluster, gpus: nodeGpus(this.#nodes) }, counted, { houseId, fromMs, untilMs });
    await book.meter(period.records, jobs, monthOf(untilMs));
    this.#counted = read;
    this.#due.meter = untilMs;
    for (const job of jobs) if (ENDED.has(job.state)) this.#live.settle(job);
    await this.#options.onMetered?.(period);
    this.#sent = false;
    await this.#sendUsage();
  }

  async #sendUsage(): Promise<void> {
    const { ledger, book } = this.#options;
    if (ledger === undefined || this.#sent) return;
    const records = await book.unsentUsage();
    this.#sent = records.length < 1_000;
    for (const record of records) {
      await ledger.record(record);
      await book.usageSent(record.id);
    }
  }
  /** Nothing waits to be sent, as far as is known. */
  #sent = false;
}

/** `2026-11`, in UTC: the month that GPU-hours are counted in. */
export function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7);
}
