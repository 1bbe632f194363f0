import { ENDED, type Job } from "../book/job.ts";
import type { Decider } from "./decider.ts";
import type { Desk } from "./desk.ts";
import { handOver, inParallel, orderOf } from "./hand-over.ts";
import { ended } from "./observe.ts";
import type { Observer } from "./observer.ts";
import { queueOrder } from "./tables.ts";

/** Jobs handed over in one step, so that a step stays short; and jobs that wait at the engine, held. The others wait here. */
const HAND_OVER_AT_ONCE = 256;
const MAX_HELD = 2_000;
/** The engine is told its power budget again after this long: it may have forgotten. */
const POWER_AGAIN_MS = 60_000;

/** Tells the engine what was decided and written down: hand over, let go, save your work, stop, draw no more than this. */
export class EngineCalls {
  readonly #desk: Desk;
  readonly #observer: Observer;
  readonly #decider: Decider;
  #toldBudgetW = NaN;
  #toldPowerMs = -Infinity;

  constructor(desk: Desk, observer: Observer, decider: Decider) {
    this.#desk = desk;
    this.#observer = observer;
    this.#decider = decider;
  }

  async limitPower(nowMs: number): Promise<void> {
    const { abilities, power, options } = this.#desk;
    if ((abilities?.powerW ?? 0) === 0 || power.budgetW === Infinity) return;
    if (power.budgetW === this.#toldBudgetW && nowMs - this.#toldPowerMs < POWER_AGAIN_MS) return;
    await this.#desk.tryEngine(async () => {
      await options.engine.limitPower(power.budgetW);
      this.#toldBudgetW = power.budgetW;
      this.#toldPowerMs = nowMs;
    });
  }

  /** Lets go, warns and cancels what was asked for. */
  async doAsked(nowMs: number): Promise<void> {
    const { asked, live } = this.#desk;
    await inParallel([...asked], async ([id, what]) => {
      const job = live.get(id);
      const atEngine = job !== undefined && !ENDED.has(job.state) && job.engineId !== "";
      if (job !== undefined && job.engineId === "" && job.sentMs > 0 && what === "cancel") return; // it may be there: it is looked for first
      if (!atEngine && what !== "cancel") asked.delete(id);
      else if (job === undefined || ENDED.has(job.state)) asked.delete(id);
      else await this.#desk.tryEngine(() => this.#do(job, what, nowMs));
    });
  }

  async #do(job: Job, what: "release" | "warn" | "cancel", nowMs: number): Promise<void> {
    const { options, asked, pausing } = this.#desk;
    if (what === "release" && job.state === "released") await options.engine.release(job.engineId);
    if (what === "warn") await pausing.warn(job, nowMs);
    if (what === "cancel") {
      if (job.engineId !== "") await options.engine.cancel(job.engineId);
      this.#desk.told(job, ended(job, "cancelled", "cancelled", nowMs, -1), nowMs);
    }
    asked.delete(job.id);
  }

  /** Stops those that are pausing, once their work is saved. */
  async stopPausing(nowMs: number): Promise<void> {
    const { live, pausing, asked, abilities } = this.#desk;
    const leaving = live.filter(({ state }) => state === "pausing");
    await inParallel(leaving, (job) =>
      this.#desk.tryEngine(async () => {
        if (await pausing.look(job, nowMs)) {
          const tookS = ((nowMs - job.askedMs) / 1000).toFixed(1);
          live.tell(job, nowMs, "checkpointed", `its work is saved, ${tookS} s after it was asked`);
        }
        if (!asked.has(job.id)) await pausing.stop(job, abilities!, nowMs);
      }),
    );
  }

  /** True: all went well, and there may be more. */
  async handOver(nowMs: number): Promise<boolean> {
    const { live, options, suspects, nodes } = this.#desk;
    const { engine, files, houseId } = options;
    const held = live.filter(({ state }) => state === "held").length;
    const next = live
      .filter((job) => job.engineId === "" && job.sentMs === 0 && this.#decider.mayStart(job, nowMs))
      .toSorted(queueOrder)
      .slice(0, Math.max(0, Math.min(HAND_OVER_AT_ONCE, MAX_HELD - held)));
    if (next.length === 0) return false;
    for (const job of next) {
      job.sentMs = nowMs;
      live.touch(job, nowMs);
    }
    await this.#desk.write(); // before it is sent: after a crash it is known that it may be there
    const excluded = suspects.excluded(nodes.length, nowMs);
    const results = await handOver(engine, files, next.map((job) => [job, orderOf(job, houseId, files, excluded)] as const)); // prettier-ignore
    for (const handed of results) {
      const { job } = handed;
      if (handed.result === "taken") this.#observer.adopt(job, handed.engineId, nowMs);
      else if (handed.result === "refused") {
        this.#desk.told(job, ended(job, "failed", `the engine refused it: ${handed.text}`, nowMs, -1), nowMs);
      } else {
        this.#desk.trouble(handed.text);
        if (handed.result === "away") job.sentMs = 0;
      }
    }
    this.#desk.dirty = true;
    return results.every(({ result }) => result === "taken");
  }
}
