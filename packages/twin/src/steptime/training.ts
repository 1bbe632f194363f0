import type { Accelerator, ModelFacts } from "@pulmu/catalog";
import { largestOf } from "./largest-of.ts";
import fits from "./fits/training.json" with { type: "json" };

/** One synchronous training run. */
export interface TrainingJob {
  readonly model: ModelFacts;
  readonly chip: Accelerator;
  /** pretraining: every weight is trained. lora: weights are frozen, small adapters are trained. */
  readonly method: "pretraining" | "lora";
  readonly gpus: number;
  /** Sequences in one optimiser step, and tokens in each. */
  readonly batch: number;
  readonly sequenceTokens: number;
  /** GPUs of one scale-up domain: 8 in an HGX server, 72 in an NVL72 rack. */
  readonly domainGpus: number;
}

/** Coefficients shared by all chips, and each chip's share of its peak. Fitted by `fit/training.ts`. */
export interface TrainingFit {
  /** Share of the chip's dense FP8 peak that large GEMMs reach in training (FP4 training on the newest may pass 1). */
  readonly gemm: Readonly<Record<string, number>>;
  /** Share of the BF16 peak in attention, forward and backward. */
  readonly attention: number;
  /** HBM traffic of norms, activations, residuals: bytes per token, layer and unit of width. */
  readonly elementBytes: number;
  /** Link traffic of tensor parallelism: passes over the activations per layer, less what overlaps. */
  readonly tensorPasses: number;
  /** Kernels of one layer, forward and backward, doing next to nothing, s. */
  readonly layerS: number;
  /** Share of the gradients' exchange over the network that does not hide behind the backward pass. */
  readonly exposedGradients: number;
  /** Optimiser and bookkeeping, s. */
  readonly fixedS: number;
  /** Spread of one GPU's step time around the mean, as a share: a synchronous step waits for the slowest. */
  readonly jitter: number;
}

export const TRAINING_FIT = fits.fit as TrainingFit;
/** Configurations of measured runs that the coefficients were fitted to. */
export const TRAINING_FITTED_TO: ReadonlySet<string> = new Set(fits.fittedTo as readonly string[]);

/** How a job is laid out over its GPUs. */
export interface TrainingPlan {
  /** GPUs that hold one copy of the model, and that work on one sequence. */
  readonly modelGpus: number;
  readonly pipeline: number;
  /** Sequences that one copy takes one after another in a step. */
  readonly microBatches: number;
}

/** Bytes held for one weight: frozen in FP8; trained in BF16 with its gradient in FP32. Optimiser state is spread over all GPUs. */
const FROZEN_BYTES = 1;
const TRAINED_BYTES = 6;
const OPTIMISER_BYTES = 12;
/**
 * Activations kept for the backward pass: bytes for each token, layer and unit of width. 34 in 16 bits without recomputing attention
 * scores (Korthikanti et al., arXiv 2205.05198); about half with FP8 inputs and fused attention.
 */
const ACTIVATION_BYTES = 17;
/** Share of HBM that a job may plan with. */
const MEMORY_SHARE = 0.9;
/** One stage spans at most a server; each stage runs its layers in this many interleaved chunks (NVIDIA's MLPerf v5.1 configuration: 8). */
const STAGE_GPUS = 8;
const INTERLEAVE = 8;

/** Smallest power of two of GPUs that holds the model, or as many as there are for each sequence of the batch. */
export function trainingPlan(job: TrainingJob): TrainingPlan {
  const { model, chip, gpus, batch, method } = job;
  const trained = method === "pretraining";
  const room = chip.hbmBytes * MEMORY_SHARE - (trained ? (OPTIMISER_BYTES * model.totalParams) / gpus : 0);
  const bytes =
    model.totalParams * (trained ? TRAINED_BYTES : FROZEN_BYTES) + ACTIVATION_BYTES * job.sequenceTokens * model.hiddenSize * model.layers;
  let held = 1;
  while (held < gpus && bytes / held > room) held *= 2;
  const modelGpus = Math.max(held, Math.ceil(gpus / batch));
  return {
    modelGpus,
    pipeline: Math.max(1, Math.floor(held / STAGE_GPUS)),
    microBatches: Math.max(1, (batch * modelGpus) / gpus),
  };
}

/**
 * Seconds of one optimiser step:
 *
 *   ((GEMMs + attention + element-wise + tensor-parallel links + launches) · (1 + bubble) + gradients + fixed) · (1 + jitter · largestOf(n))
 *
 * FLOPs of a trained token: 6 per active parameter (2 forward, 4 backward; 4 in all where weights are frozen), and 7 · width · length for
 * causal attention (2 forward, and 2.5 times that backward, recomputing the scores). Bubble of an interleaved pipeline: (p − 1)/(m · v).
 */
export function trainingStepS(job: TrainingJob, fit: TrainingFit = TRAINING_FIT): number {
  const { model, chip, gpus, batch, sequenceTokens } = job;
  const { modelGpus, pipeline, microBatches } = trainingPlan(job);
  const tokens = (batch * sequenceTokens) / gpus;
  const width = model.attentionWidth ?? model.layers * model.hiddenSize;
  const bf16 = chip.flopsPerS.bf16 ?? 0;
  const fp8 = chip.flopsPerS.fp8 ?? bf16;

  const gemmS = (tokens * (job.method === "lora" ? 4 : 6) * model.activeParams) / (fp8 * (fit.gemm[chip.id] ?? fit.gemm["default"]));
  const attentionS = (tokens * 7 * width * sequenceTokens) / (bf16 * fit.attention);
  const elementS = (tokens * model.layers * model.hiddenSize * fit.elementBytes) / chip.hbmBytesPerS;
  // Four GPUs share a layer's matrices; beyond that the sequence itself is split, which needs little traffic.
  const split = Math.min(modelGpus, 4);
  const linkS = (tokens * split * model.hiddenSize * 2 * model.layers * fit.tensorPasses * (1 - 1 / split)) / chip.scaleUpBytesPerS;
  const launchS = (microBatches * model.layers * fit.layerS) / pipeline;
  const bubble = (pipeline - 1) / (microBatches * INTERLEAVE);
  // Gradients meet inside a scale-up domain first; each network port then carries its share of the model, out and back in 16 bits.
  const crosses = job.method === "pretraining" && gpus > job.domainGpus;
  const ports = Math.max(modelGpus, Math.min(job.domainGpus, gpus));
  const gradientS = crosses ? (fit.exposedGradients * 4 * model.totalParams) / (chip.scaleOutBytesPerS * ports) : 0;

  return ((gemmS + attentionS + elementS + linkS + launchS) * (1 + bubble) + gradientS + fit.fixedS) * (1 + fit.jitter * largestOf(gpus));
}
