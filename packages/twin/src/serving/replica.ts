import type { StepModel } from "../steptime/step-model.ts";
import type { Batch } from "./batch.ts";
import type { PoolRole } from "./deployment.ts";
import { StepRun } from "./step-run.ts";
import type { Tally } from "./tally.ts";

/** off: no power · starting: loads weights · on · draining: finishes what it has, then off · failed: no power until repaired. */
export type ReplicaState = "off" | "starting" | "on" | "draining" | "failed";

/** One copy of the model on its GPUs: turns the batch's steps into time, tokens and energy. */
export class Replica {
  readonly index: number;
  readonly role: PoolRole;
  readonly model: StepModel;
  readonly batch: Batch;
  /** End of the running step or run of steps; Infinity when idle. */
  nextS = Infinity;

  readonly #run: StepRun;
  readonly #tally: Tally;
  #state: ReplicaState;
  #idleSinceS = 0;
  #energyJ = 0;

  constructor(index: number, role: PoolRole, model: StepModel, clock: number, batch: Batch, tally: Tally, state: ReplicaState) {
    this.index = index;
    this.role = role;
    this.model = model;
    this.batch = batch;
    this.#run = new StepRun(model, clock);
    this.#tally = tally;
    this.#state = state;
  }

  get state(): ReplicaState {
    return this.#state;
  }

  get isIdle(): boolean {
    return this.nextS === Infinity;
  }

  changeState(state: ReplicaState, nowS: number): void {
    this.#accrueIdle(nowS);
    this.#state = state;
  }

  /** Forms the next step and starts it; stays idle when there is nothing to do. */
  start(nowS: number): void {
    const { batch } = this;
    this.#accrueIdle(nowS);
    const steps = batch.form(nowS);
    if (steps === 0) return;
    const { decode } = batch;
    this.#run.begin(nowS, batch.prefillTokens, batch.prefillContextTokens, decode.count, decode.contextTokens, steps);
    this.nextS = nowS + this.#run.durationS;
  }

  /** The run ends as planned. Requests that leave are in `batch.left`. */
  finish(): void {
    this.#close(this.nextS);
  }

  /** Somebody came who may join: a run of decode steps ends at the next boundary. */
  cut(nowS: number): void {
    const run = this.#run;
    if (run.steps === 1) return;
    const steps = Math.max(1, run.stepsUntil(nowS - run.startS));
    if (steps >= run.steps) return;
    run.cutTo(steps);
    this.nextS = run.startS + run.durationS;
  }

  /** The replica fails. Returns all its requests: tokens of finished steps count, KV caches and the step in progress are lost. */
  fail(nowS: number): number[] {
    let boundaryS = nowS;
    if (!this.isIdle) {
      const run = this.#run;
      const steps = Math.min(run.stepsBy(nowS - run.startS), run.steps - 1); // its end is yet to come, whatever rounding says
      boundaryS = run.startS + run.timeOf(steps);
      this.#energyJ += (nowS - boundaryS) * run.gpuPowerW(steps) * this.model.gpus;
      if (steps > 0) {
        run.cutTo(steps);
        this.#close(boundaryS);
      }
      this.nextS = Infinity;
      this.#idleSinceS = nowS;
    }
    this.changeState("failed", nowS);
    return this.batch.evacuate(boundaryS);
  }

  /** Energy used until now, J, within a run by its mean power. */
  energyJ(nowS: number): number {
    const powerW = this.isIdle ? this.#idleW() : this.#run.gpuPowerW() * this.model.gpus;
    return this.#energyJ + powerW * (nowS - (this.isIdle ? this.#idleSinceS : this.#run.startS));
  }

  /** Tokens made in the run so far. */
  runTokens(nowS: number): number {
    return this.isIdle ? 0 : this.#run.sequences * this.#run.stepsBy(nowS - this.#run.startS);
  }

  /** Σ context of the decoding sequences now. */
  contextTokens(nowS: number): number {
    return this.batch.decode.contextTokens + this.runTokens(nowS);
  }

  /** Tokens of KV memory in use now. */
  kvTokens(nowS: number): number {
    const { kv } = this.batch;
    return (kv.heldBlocks + this.#runGrowth(nowS)) * kv.blockTokens;
  }

  /** Prompt tokens of this request that are in the prefix cache now. */
  cachedTokens(slot: number, nowS: number): number {
    const { kv } = this.batch;
    if (kv.prefixTokens === 0) return 0;
    kv.makeRoom(this.#runGrowth(nowS)); // what the run has written so far has driven these out already
    return kv.cachedTokens(slot);
  }

  /** KV blocks written in the run so far. */
  #runGrowth(nowS: number): number {
    return this.isIdle || this.batch.decode.count === 0 ? 0 : this.batch.growthBlocks(this.#run.stepsBy(nowS - this.#run.startS));
  }

  #close(endS: number): void {
    const { batch } = this;
    const run = this.#run;
    const tally = this.#tally;
    run.addTo(tally.itl, run.sequences - batch.late.length, run.sequences);
    for (const slot of batch.late) tally.itl.add(run.startS - batch.table.lastTokenS[slot] + run.firstStepS());
    this.#energyJ += run.energyJ(run.steps);
    tally.outputTokens += run.sequences * run.steps;
    tally.prefillTokens += batch.prefillTokens;
    tally.steps += run.steps;
    tally.runs++;
    batch.complete(run.steps, endS);
    this.nextS = Infinity;
    this.#idleSinceS = endS;
  }

  #accrueIdle(nowS: number): void {
    if (!this.isIdle) return;
    this.#energyJ += this.#idleW() * (nowS - this.#idleSinceS);
    this.#idleSinceS = nowS;
  }

  #idleW(): number {
    return this.#state === "off" || this.#state === "failed" ? 0 : this.model.idleW * this.model.gpus;
  }
}
