import type { StepModel } from "../steptime/step-model.ts";
import type { DurationHistogram } from "./histogram.ts";

/** Deviation from a straight line, relative, below which a stretch of steps counts as affine. */
const STRAIGHT = 1e-9;

/**
 * Steps that one batch makes without change: one step with prefill in it, or a run of decode steps whose context grows by one
 * token per sequence and step. Where the step time is affine in the context (it mostly is) a stretch of steps is four numbers;
 * where it bends, the run is halved until the pieces are straight. Cost: O(pieces), not O(steps).
 */
export class StepRun {
  startS = 0;
  steps = 0;
  sequences = 0;
  readonly #model: StepModel;
  readonly #clock: number;
  #prefillTokens = 0;
  #prefillContextTokens = 0;
  #contextTokens = 0;

  /** Straight pieces: first step, seconds from the run's start to it, time of its first step, growth per step. */
  #pieces = 0;
  #from = new Float64Array(8);
  #fromS = new Float64Array(8);
  #firstS = new Float64Array(8);
  #slopeS = new Float64Array(8);
  #durationS = 0;

  constructor(model: StepModel, clock: number) {
    this.#model = model;
    this.#clock = clock;
  }

  /** Seconds that all steps take. */
  get durationS(): number {
    return this.#durationS;
  }

  get hasPrefill(): boolean {
    return this.#prefillTokens > 0;
  }

  begin(
    startS: number,
    prefillTokens: number,
    prefillContextTokens: number,
    sequences: number,
    contextTokens: number,
    steps: number,
  ): void {
    this.startS = startS;
    this.steps = steps;
    this.sequences = sequences;
    this.#prefillTokens = prefillTokens;
    this.#prefillContextTokens = prefillContextTokens;
    this.#contextTokens = contextTokens;
    this.#pieces = 0;
    this.#durationS = 0;
    this.#split(0, steps, this.#stepS(0), this.#stepS(steps - 1));
  }

  /** Ends the run after this many steps instead. */
  cutTo(steps: number): void {
    this.#durationS = this.timeOf(steps);
    this.steps = steps;
    while (this.#pieces > 1 && this.#from[this.#pieces - 1] >= steps) this.#pieces--;
  }

  /** Seconds from the start to the end of step number `steps` (0 → 0). */
  timeOf(steps: number): number {
    if (steps === 0) return 0;
    let piece = this.#pieces - 1;
    while (this.#from[piece] >= steps) piece--;
    return this.#pieceS(piece, steps - this.#from[piece]);
  }

  /** Steps finished this many seconds after the start. */
  stepsBy(elapsedS: number): number {
    if (elapsedS >= this.#durationS) return this.steps;
    let piece = this.#pieces - 1;
    while (piece > 0 && this.#fromS[piece] > elapsedS) piece--;
    const slope = this.#slopeS[piece];
    const linear = this.#firstS[piece] - slope / 2; // n steps of the piece take slope/2 · n² + linear · n
    const timeS = elapsedS - this.#fromS[piece];
    let n = Math.floor(slope === 0 ? timeS / linear : (2 * timeS) / (linear + Math.sqrt(linear * linear + 2 * slope * timeS)));
    while (n > 0 && this.#pieceS(piece, n) > elapsedS) n--; // rounding may be off by one either way
    while (this.#from[piece] + n < this.steps && this.#pieceS(piece, n + 1) <= elapsedS) n++;
    return this.#from[piece] + n;
  }

  /** Steps to the first boundary at or after this many seconds: where an arrival at that time can join. */
  stepsUntil(elapsedS: number): number {
    const steps = this.stepsBy(elapsedS);
    return steps < this.steps && this.timeOf(steps) < elapsedS ? steps + 1 : steps;
  }

  firstStepS(): number {
    return this.#firstS[0];
  }

  /** Energy of all GPUs of the replica over the first `steps` steps, J: power × time is a parabola over each straight piece. */
  energyJ(steps: number): number {
    let energyJ = 0;
    for (let piece = 0; piece < this.#pieces && this.#from[piece] < steps; piece++) {
      const from = this.#from[piece];
      const to = piece + 1 < this.#pieces && this.#from[piece + 1] < steps ? this.#from[piece + 1] : steps;
      const n = to - from;
      const first = this.#stepEnergyJ(from);
      if (n === 1) energyJ += first;
      else {
        const middle = this.#stepEnergyJ(from + (n - 1) / 2);
        const bend = first + this.#stepEnergyJ(to - 1) - 2 * middle;
        energyJ += n * middle + (bend * n * (n + 1)) / (6 * (n - 1));
      }
    }
    return energyJ * this.#model.gpus;
  }

  /** Power of one GPU during a step, W; the middle one stands for the run. */
  gpuPowerW(step = (this.steps - 1) / 2): number {
    const context = this.#contextTokens + step * this.sequences;
    return this.#model.gpuPowerW(this.#prefillTokens, this.#prefillContextTokens, this.sequences, context, this.#clock);
  }

  /** Adds the durations of the steps numbered from 0, `firstWeight` for the first and `weight` for each other. */
  addTo(histogram: DurationHistogram, firstWeight: number, weight: number): void {
    if (firstWeight > 0) histogram.add(this.#firstS[0], firstWeight);
    for (let piece = 0; piece < this.#pieces; piece++) {
      const to = piece + 1 < this.#pieces ? this.#from[piece + 1] : this.steps;
      const skip = piece === 0 ? 1 : 0;
      const slope = this.#slopeS[piece];
      histogram.addSeries(this.#firstS[piece] + skip * slope, slope, to - this.#from[piece] - skip, weight);
    }
  }

  /** Appends the pieces of steps `from` … `from + count − 1`, whose first and last step times are known. */
  #split(from: number, count: number, firstS: number, lastS: number): void {
    if (count <= 2) return this.#append(from, count, firstS, count === 2 ? lastS - firstS : 0);
    const middle = from + (count - 1) / 2;
    const middleS = this.#stepS(middle);
    if (Math.abs(firstS + lastS - 2 * middleS) <= STRAIGHT * middleS) {
      return this.#append(from, count, firstS, (lastS - firstS) / (count - 1));
    }
    const half = count >> 1;
    this.#split(from, half, firstS, this.#stepS(from + half - 1));
    this.#split(from + half, count - half, this.#stepS(from + half), lastS);
  }

  #append(from: number, count: number, firstS: number, slopeS: number): void {
    const piece = this.#pieces++;
    if (piece === this.#from.length) {
      this.#from = doubled(this.#from);
      this.#fromS = doubled(this.#fromS);
      this.#firstS = doubled(this.#firstS);
      this.#slopeS = doubled(this.#slopeS);
    }
    this.#from[piece] = from;
    this.#fromS[piece] = this.#durationS;
    this.#firstS[piece] = firstS;
    this.#slopeS[piece] = slopeS;
    this.#durationS = this.#pieceS(piece, count);
  }

  /** Seconds from the run's start to the end of the n-th step of a piece. */
  #pieceS(piece: number, n: number): number {
    return this.#fromS[piece] + n * this.#firstS[piece] + this.#slopeS[piece] * ((n * (n - 1)) / 2);
  }

  #stepS(step: number): number {
    const context = this.#contextTokens + step * this.sequences;
    return this.#model.stepS(this.#prefillTokens, this.#prefillContextTokens, this.sequences, context, this.#clock);
  }

  #stepEnergyJ(step: number): number {
    return this.gpuPowerW(step) * this.#stepS(step);
  }
}

function doubled(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}
