import { PulmuError } from "@pulmu/units";
import { ENDED, type Job } from "../book/job.ts";
import type { EngineAbilities, EngineNode } from "../engines/engine.ts";
import { Decider } from "./decider.ts";
import { Desk, type RunnerOptions } from "./desk.ts";
import { EngineCalls } from "./engine-calls.ts";
import { EngineNote } from "./engine-note.ts";
import { HandOver } from "./hand-over.ts";
import { ended } from "./observe.ts";
import { Observer } from "./observer.ts";
import type { PowerState } from "./power-source.ts";
import { monthOf, UsageMeter } from "./usage-meter.ts";

const TICK_MS = 250;
/** However often something is asked for, steps begin so far apart: many are taken in by one. */
const POKED_MS = 100;
/** Without any change: decided anew after this long. */
const DECIDE_MS = 2_000;

/** What the runner knows, for whoever shows it. */
export interface RunnerView {
  readonly engine: string;
  readonly abilities: EngineAbilities | undefined;
  readonly nodes: readonly EngineNode[];
  readonly power: PowerState;
  readonly drawnW: number;
  /** Listings the engine was asked for, since the start. */
  readonly listings: number;
  readonly problem: string;
}

/**
 * Runs the jobs of the book on an engine. Everything that must not be forgotten is written down before the engine is told, and everything
 * that the engine says is held against it: so it may be killed at any moment, and so may the engine.
 *
 * One step: take in what people ask → look at the engine → decide → write down → let go, pause, end → meter → write down. Beside the steps
 * waiting jobs are handed over.
 */
export class JobRunner {
  readonly #desk: Desk;
  readonly #observer: Observer;
  readonly #decider: Decider;
  readonly #calls: EngineCalls;
  readonly #handOver: HandOver;
  readonly #usage: UsageMeter;
  readonly #note: EngineNote;
  #askedMs = -Infinity;
  #quotasMs = -Infinity;
  #decidedMs = -Infinity;
  #stepping: Promise<boolean> | undefined;
  #steppedMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #started = false;
  #poked = false;
  #closed = false;

  constructor(options: RunnerOptions) {
    this.#desk = new Desk(options);
    this.#observer = new Observer(this.#desk);
    this.#decider = new Decider(this.#desk);
    this.#calls = new EngineCalls(this.#desk);
    this.#handOver = new HandOver(this.#desk, this.#observer, this.#decider, () => this.#wake());
    this.#usage = new UsageMeter(this.#desk);
    this.#note = new EngineNote(this.#desk);
  }

  /** Works until `close`. */
  start(): void {
    this.#started = true;
    this.#wakeIn(0);
  }

  /** Something was asked for: it is looked at now rather than in a while. */
  poke(): void {
    this.#askedMs = -Infinity;
    this.#wake();
  }

  /** Ends the work here; jobs go on at the engine. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#stepping?.catch(() => {});
    await this.#handOver.close();
    this.#desk.options.meter.stop?.();
    await this.#usage.meterNow().catch(() => {}); // a database that is away is met again at the next start
    await this.#desk.options.engine.close();
  }

  get view(): RunnerView {
    const { options, abilities, nodes, power, drawnW, listings, problem } = this.#desk;
    return { engine: options.engine.name, abilities, nodes, power, drawnW, listings, problem };
  }

  /** Unsettled jobs as they stand this moment. */
  jobs(): readonly Job[] {
    return this.#desk.live.all();
  }

  job(id: string): Job | undefined {
    return this.#desk.live.get(id);
  }

  /** One step, and all hand-overs that it set going; true when there is more to do at once. */
  async step(): Promise<boolean> {
    const more = await this.#stepAlone();
    await this.#handOver.idle();
    await this.#desk.write();
    return more && this.#desk.problem === "";
  }

  #stepAlone(): Promise<boolean> {
    this.#stepping ??= this.#step().finally(() => (this.#stepping = undefined));
    return this.#stepping;
  }

  async #step(): Promise<boolean> {
    const desk = this.#desk;
    const { now, engine, power } = desk.options;
    const nowMs = now();
    await this.#takeInAsked(nowMs);
    try {
      desk.abilities ??= await engine.probe();
      await this.#observer.look(nowMs);
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      desk.trouble(error.message);
      await desk.write();
      await this.#note.write(nowMs);
      return false; // nothing is decided on what is not known
    }
    const { budgetW } = desk.power;
    desk.power = power.now(desk.contractW);
    await this.#calls.limitPower(nowMs);
    if (desk.dirty || desk.power.budgetW !== budgetW || nowMs - this.#decidedMs >= DECIDE_MS) {
      this.#decidedMs = nowMs;
      this.#decider.decide(nowMs);
    }
    if (desk.asked.size > 0 || desk.live.hasDrafts) await desk.write(); // before the engine is told; mere reasons go with the next one
    await this.#decider.lookUpPast();
    await desk.caps.apply(nowMs);
    await this.#calls.doAsked(nowMs);
    await this.#calls.stopPausing(nowMs);
    await this.#usage.tick(nowMs);
    const more = this.#handOver.takeOn(nowMs);
    await desk.write(); // that of the hand-over, too
    await this.#note.write(nowMs);
    return more;
  }

  async #takeInAsked(nowMs: number): Promise<void> {
    if (nowMs - this.#askedMs < TICK_MS) return;
    this.#askedMs = nowMs;
    const desk = this.#desk;
    const { book } = desk.options;
    const fresh = await book.live(desk.live.lastSeq);
    for (const job of fresh) {
      desk.live.put(job);
      desk.dirty = true;
    }
    for (const id of await book.wishes()) this.#cancel(id, nowMs);
    // What was set before a job was submitted holds for it.
    if (fresh.length === 0 && nowMs - this.#quotasMs < DECIDE_MS) return;
    this.#quotasMs = nowMs;
    this.#decider.quotas = await book.quotas();
    this.#decider.reservations = await book.reservations();
    this.#decider.gpuMonth = await book.gpuMonth(monthOf(nowMs));
  }

  #cancel(id: string, nowMs: number): void {
    const desk = this.#desk;
    const job = desk.live.get(id);
    if (job === undefined || ENDED.has(job.state)) return;
    if (job.engineId === "" && job.sentMs === 0) desk.told(job, ended(job, "cancelled", "cancelled before it started", nowMs, -1), nowMs);
    else desk.asked.set(id, "cancel");
  }

  #wake(): void {
    this.#poked = true;
    if (this.#stepping === undefined) this.#wakeSoon();
  }

  #wakeSoon(): void {
    const sinceMs = this.#desk.options.now() - this.#steppedMs;
    this.#wakeIn(Math.min(POKED_MS, Math.max(0, POKED_MS - sinceMs)));
  }

  #wakeIn(delayMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed && this.#started) this.#timer = setTimeout(() => void this.#work(), delayMs);
  }

  async #work(): Promise<void> {
    this.#poked = false;
    this.#steppedMs = this.#desk.options.now();
    await this.#stepAlone().catch((error: Error) => {
      this.#desk.options.complain(`jobs: ${error instanceof PulmuError ? error.message : (error.stack ?? error.message)}`);
    });
    if (this.#poked) this.#wakeSoon();
    else this.#wakeIn(TICK_MS);
  }
}
