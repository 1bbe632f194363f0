import { ENDED, type Job } from "../book/job.ts";
import type { Desk } from "./desk.ts";
import { inParallel } from "./in-parallel.ts";
import { ended } from "./observe.ts";

/** The engine is told its power budget again after this long: it may have forgotten. */
const POWER_AGAIN_MS = 60_000;

/** Tells the engine what was decided and written down: let go, save your work, stop, draw no more than this. */
export class EngineCalls {
  readonly #desk: Desk;
  #toldBudgetW = NaN;
  #toldPowerMs = -Infinity;

  constructor(desk: Desk) {
    this.#desk = desk;
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
    if (what === "release" && job.state === "released") {
      await options.files.prepare(job.id);
      await options.engine.release(job.engineId);
    }
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
}
