import { decodePowerShare } from "@pulmu/catalog";
import type { BatchWorkload, SimulationWorkload, TrainingWorkload } from "@pulmu/site";
import type { JobRow } from "../simulation.ts";
import type { Piece } from "./placement.ts";
import { KIND } from "./rack-state.ts";
import { decodeStepS, MAX_PREFILL_SHARE, type ServiceModel } from "./service-model.ts";
import type { TrainingModel } from "./training-model.ts";
import { gpusOf, type Owner } from "./work.ts";

/** Power of a GPU that waits in a collective, as share of its training power above idle (arXiv 2508.14318: the low side of
 *  the swing of synchronous training lies near half of the high side). A guess between the published traces. */
const COMM_POWER = 0.45;
/** While a checkpoint is written GPUs mostly wait. A guess. */
const CHECKPOINT_POWER = 0.1;
/** Loading weights and rebuilding the gang after a failure. A guess. */
const RESTART_POWER = 0.15;
/** A physics simulation or renderer keeps the GPU this busy. A guess. */
const SIMULATION_BUSY = 0.9;

export type JobWorkload = TrainingWorkload | BatchWorkload | SimulationWorkload;

export interface JobSpec {
  readonly id: string;
  readonly workload: JobWorkload;
  readonly tenantId: string;
  readonly gpus: number;
  readonly submittedS: number;
}

/** How the job turns GPU time into progress; chosen when it is placed, because it depends on the accelerator. */
export type Pace =
  | { readonly kind: "training"; readonly model: TrainingModel }
  | { readonly kind: "batch"; readonly model: ServiceModel; readonly promptPerOutput: number }
  | { readonly kind: "simulation" };

/** A job from submission to its end. Its needed work is `durationS` seconds at full speed without failures. */
export class Job implements Owner {
  readonly spec: JobSpec;
  readonly gang: boolean;
  readonly makesTokens: boolean;
  kindA: number = KIND.training;
  kindB: number = KIND.decode;
  pieces: Piece[] = [];
  busyA = 0;
  busyB = 0;
  speedA = 1;
  speedB = 1;
  gpuPowerW = 0;
  gpuEnergyJ = 0;

  state: JobRow["state"] = "waiting";
  startedS = NaN;
  endedS = NaN;
  /** Whether the log has said that it waits. */
  announced = false;
  restarts = 0;
  tokens = 0;
  lostTokens = 0;
  tokensPerS = 0;
  promptTokensPerS = 0;

  #pace: Pace = { kind: "simulation" };
  #heldS = 0;
  #doneS = 0;
  #savedS = 0;
  #lostS = 0;
  #tokensSaved = 0;
  #stepAtS = 0;
  #sinceCheckpointS = 0;
  #pauseS = 0;

  constructor(spec: JobSpec) {
    const { kind } = spec.workload;
    this.spec = spec;
    this.gang = kind === "training" || kind === "tuning";
    this.makesTokens = kind === "batch";
  }

  place(pieces: Piece[], pace: Pace, atS: number): void {
    this.pieces = pieces;
    this.#pace = pace;
    this.kindA = pace.kind === "training" ? KIND.training : pace.kind === "batch" ? KIND.prefill : KIND.simulation;
    if (Number.isNaN(this.startedS)) this.startedS = atS;
    if (this.state === "restarting" && "restartS" in this.spec.workload) this.#pauseS = this.spec.workload.restartS;
    this.#stepAtS = 0;
    if (this.#pauseS === 0) this.state = "running";
  }

  /** Loses what was done since the last checkpoint. The caller takes its GPUs away. */
  fail(): void {
    this.restarts++;
    this.#lostS += this.#doneS - this.#savedS;
    this.lostTokens += this.tokens - this.#tokensSaved;
    this.tokens = this.#tokensSaved;
    this.#doneS = this.#savedS;
    this.#sinceCheckpointS = 0;
    this.state = "restarting";
    this.pieces = [];
    this.#idle();
  }

  get finished(): boolean {
    return this.#doneS >= this.spec.workload.durationS;
  }

  end(atS: number): void {
    this.state = "done";
    this.endedS = atS;
    this.pieces = [];
    this.#idle();
  }

  /** One second of a job that holds GPUs. Cost: some 30 flops. */
  step(): void {
    this.#heldS++;
    if (this.#pauseS > 0) {
      this.#pauseS--;
      this.tokensPerS = this.promptTokensPerS = 0;
      this.busyA = this.state === "restarting" ? RESTART_POWER : CHECKPOINT_POWER;
      this.busyB = 0;
      if (this.#pauseS <= 0) this.state = "running";
      return;
    }
    const pace = this.#pace;
    if (pace.kind === "training") this.#train(pace.model);
    else if (pace.kind === "batch") this.#generate(pace.model, pace.promptPerOutput);
    else {
      this.busyA = SIMULATION_BUSY;
      this.busyB = 0;
      this.#doneS += this.speedA;
    }
    if (!this.gang) this.#savedS = this.#doneS; // batch and simulation work is saved item by item
  }

  row(): JobRow {
    const { spec } = this;
    return {
      id: spec.id,
      workloadId: spec.workload.id,
      kind: spec.workload.kind,
      tenantId: spec.tenantId,
      modelId: "modelId" in spec.workload ? spec.workload.modelId : "",
      gpus: this.pieces.length > 0 ? gpusOf(this) : spec.gpus,
      racks: this.pieces.length,
      state: this.state,
      submittedS: spec.submittedS,
      startedS: this.startedS,
      endedS: this.endedS,
      progress: Math.min(1, this.#doneS / spec.workload.durationS),
      restarts: this.restarts,
      lostS: this.#lostS,
      goodput: this.#heldS === 0 ? NaN : Math.min(1, this.#doneS / this.#heldS),
      tokens: this.tokens,
      gpuEnergyJ: this.gpuEnergyJ,
    };
  }

  /** Productive seconds at full speed, and seconds that GPUs were held: their ratio over jobs is the site's goodput. */
  get productiveS(): number {
    return this.#doneS;
  }

  get heldS(): number {
    return this.#heldS;
  }

  /** Compute and communication take turns; a cap stretches the compute part only, which is what makes power swing. */
  #train(model: TrainingModel): void {
    const speed = this.speedA;
    if (speed <= 0) {
      this.#idle();
      return;
    }
    const computeS = model.computeS / speed;
    const stepS = computeS + model.commS;
    const from = this.#stepAtS < stepS ? this.#stepAtS : 0;
    const computing = (overlap(from, from + 1, 0, computeS) + wrapped(from + 1, stepS, computeS)) / 1;
    this.#stepAtS = (from + 1) % stepS;
    this.busyA = computing + (1 - computing) * COMM_POWER;
    this.busyB = 0;
    this.tokensPerS = model.tokensPerStep / stepS;
    this.tokens += this.tokensPerS;
    this.#doneS += (model.computeS + model.commS) / stepS;
    this.#checkpoint();
  }

  #checkpoint(): void {
    const { workload } = this.spec;
    if (!("checkpointEveryS" in workload)) return;
    this.#sinceCheckpointS++;
    if (this.#sinceCheckpointS < workload.checkpointEveryS) return;
    this.#sinceCheckpointS = 0;
    this.#pauseS = workload.checkpointS;
    this.#savedS = this.#doneS;
    this.#tokensSaved = this.tokens;
  }

  /** Batch inference always has a full batch. */
  #generate(model: ServiceModel, promptPerOutput: number): void {
    if (this.speedA <= 0 || this.speedB <= 0) {
      this.#idle();
      return;
    }
    const replicas = gpusOf(this) / model.gpus;
    const decodeRate = (replicas * model.maxBatch * this.speedB) / decodeStepS(model, model.maxBatch);
    const prefillRate = replicas * model.prefillTokensPerS * this.speedA;
    // share p of prefill time such that prompts keep pace: p·prefill = promptPerOutput·(1 − p)·decode
    const prefillShare = Math.min(MAX_PREFILL_SHARE, (promptPerOutput * decodeRate) / (prefillRate + promptPerOutput * decodeRate));
    this.tokensPerS = (1 - prefillShare) * decodeRate;
    this.promptTokensPerS = prefillShare * prefillRate;
    this.tokens += this.tokensPerS;
    this.#doneS += this.speedB;
    this.busyA = prefillShare;
    this.busyB = (1 - prefillShare) * decodePowerShare(model.serving, model.maxBatch / model.gpus);
  }

  #idle(): void {
    this.busyA = this.busyB = 0;
    this.tokensPerS = this.promptTokensPerS = 0;
  }
}

function overlap(a: number, b: number, from: number, to: number): number {
  return Math.max(0, Math.min(b, to) - Math.max(a, from));
}

/** Compute time in the part of the second beyond the end of this step: whole steps first, then the begun one. */
function wrapped(end: number, stepS: number, computeS: number): number {
  if (end <= stepS) return 0;
  const beyond = end - stepS;
  const whole = Math.floor(beyond / stepS);
  return whole * computeS + Math.min(computeS, beyond - whole * stepS);
}
