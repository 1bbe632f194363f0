import { PulmuError } from "@pulmu/units";
import { ENDED, engineToken, type Job } from "../book/job.ts";
import type { EngineOrder } from "../engines/engine.ts";
import { isEngineProblem } from "../engines/problems.ts";
import type { Decider } from "./decider.ts";
import type { Desk } from "./desk.ts";
import { ended } from "./observe.ts";
import type { Observer } from "./observer.ts";
import { queueOrder } from "./tables.ts";

/** Jobs on their way at a time. */
const AT_ONCE = 16;
/** Jobs that are marked as sent and wait for their turn; and jobs that wait at the engine, held. The others wait here. */
const MAX_HANDING = 512;
const MAX_HELD = 2_000;
/** With so few left to send, the next are taken on. */
const LOW = 128;

/**
 * Brings waiting jobs to the engine, held, beside everything else: while some are on their way, the marks of the next and the ids of the last
 * are being written down. A job is marked as sent, durably, before it is sent: after a crash it is known that it may be there.
 */
export class HandOver {
  readonly #desk: Desk;
  readonly #observer: Observer;
  readonly #decider: Decider;
  /** Asked for when more can be taken on, or those taken by the engine can be decided on. */
  readonly #wake: () => void;
  readonly #queue: Job[] = [];
  readonly #working = new Set<Promise<void>>();
  #defect: { readonly error: unknown } | undefined;
  #closed = false;

  constructor(desk: Desk, observer: Observer, decider: Decider, wake: () => void) {
    this.#desk = desk;
    this.#observer = observer;
    this.#decider = decider;
    this.#wake = wake;
  }

  /** Takes on what waits, in its order, as far as there is room. True when there was any. @throws what broke since the last call */
  takeOn(nowMs: number): boolean {
    this.#throwDefect();
    const { live, handing } = this.#desk;
    const held = live.filter(({ state }) => state === "held").length;
    const room = Math.min(MAX_HANDING, MAX_HELD - held) - handing.size;
    if (room <= 0) return false;
    const next = live
      .filter((job) => job.engineId === "" && job.sentMs === 0 && !handing.has(job) && this.#decider.mayStart(job, nowMs))
      .toSorted(queueOrder(nowMs))
      .slice(0, room);
    for (const job of next) {
      job.sentMs = nowMs;
      live.touch(job, nowMs);
      handing.add(job);
    }
    if (next.length > 0) this.#work(this.#send(next));
    return next.length > 0;
  }

  /** Resolves when all that was taken on is through. @throws what broke */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
    this.#throwDefect();
  }

  /** What is not sent yet stays here. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  async #send(jobs: readonly Job[]): Promise<void> {
    try {
      await this.#desk.write();
    } catch {
      for (const job of jobs) this.#keep(job); // the step that is under way meets the same, and says it
      return;
    }
    this.#queue.push(...jobs);
    while (this.#queue.length > 0 && this.#working.size <= AT_ONCE) this.#work(this.#sendQueued());
  }

  async #sendQueued(): Promise<void> {
    let taken = false;
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) {
      if (this.#queue.length === LOW) this.#wake();
      if (this.#closed || this.#desk.asked.get(job.id) === "cancel") this.#keep(job);
      else if ((await this.#sendOne(job)) === "away") for (const other of this.#queue.splice(0)) this.#keep(other);
      else taken = true;
    }
    if (taken && this.#desk.handing.size === 0) this.#wake();
  }

  async #sendOne(job: Job): Promise<"taken" | "refused" | "unclear" | "away"> {
    const desk = this.#desk;
    const { engine, now } = desk.options;
    const { attempt } = job;
    try {
      const engineId = await engine.submit(this.#orderOf(job));
      // A listing may have been quicker, and may have told more.
      if (job.engineId === "" && job.attempt === attempt && !ENDED.has(job.state)) this.#observer.adopt(job, engineId, now());
      return "taken";
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      const text = error.problems[0].rule;
      if (isEngineProblem(error, "refused")) {
        desk.told(job, ended(job, "failed", `the engine refused it: ${text}`, now(), -1), now());
        return "refused";
      }
      desk.trouble(text);
      if (!isEngineProblem(error, "unclear")) {
        this.#keep(job);
        return "away";
      }
      job.sentMs = now(); // it may be there: it is looked for from now on
      return "unclear";
    } finally {
      desk.handing.delete(job);
      desk.dirty = true;
    }
  }

  /** It was not sent. */
  #keep(job: Job): void {
    job.sentMs = 0;
    this.#desk.live.touch(job, this.#desk.options.now());
    this.#desk.handing.delete(job);
  }

  #work(work: Promise<void>): void {
    const working = work.catch((error: unknown) => void (this.#defect ??= { error })).finally(() => this.#working.delete(working));
    this.#working.add(working);
  }

  #throwDefect(): void {
    const defect = this.#defect;
    this.#defect = undefined;
    if (defect !== undefined) throw defect.error;
  }

  #orderOf(job: Job): EngineOrder {
    const { options, suspects, nodes } = this.#desk;
    const { files, houseId, now } = options;
    const { spec } = job;
    return {
      token: engineToken(houseId, job),
      name: spec.name,
      command: spec.command,
      image: spec.image,
      env: { ...spec.env, ...(job.task < 0 ? {} : { PULMU_TASK: String(job.task) }) },
      nodes: spec.nodes,
      gpusPerNode: spec.gpusPerNode,
      topology: spec.topology,
      powerW: job.powerW,
      workDir: spec.workDir,
      stateDir: files.dirOf(job.id),
      timeLimitS: spec.timeLimit ?? 0,
      expectedS: spec.expected,
      excludedNodes: suspects.excluded(nodes.length, now()),
    };
  }
}
