import type { Accelerator, Precision } from "@pulmu/catalog";
import serving from "./fits/serving.json" with { type: "json" };

type ByPrecision = Readonly<Record<Precision, number>>;

/**
 * What one serving engine reaches on one chip. Shares are of the catalogue's peaks. Fitted to measured runs by `fit/serving.ts`, kept
 * with their residuals in `fits/serving.json`.
 */
export interface StackFit {
  /** Share of HBM bandwidth reached while streaming dense weights, expert weights (by their format), and the KV cache. */
  readonly denseBandwidth: number;
  readonly expertBandwidth: ByPrecision;
  readonly kvBandwidth: number;
  /** Share of the dense peak reached by large GEMMs, and by the grouped GEMMs of experts, by number format. */
  readonly gemm: ByPrecision;
  readonly expertGemm: ByPrecision;
  /** Share of the BF16 peak reached by attention over prompts. */
  readonly attention: number;
  /** Share of the scale-up link's bandwidth reached by collectives, and the start-up time of a collective between two GPUs, s. */
  readonly link: number;
  readonly collectiveS: number;
  /** Time of one layer's kernels when they have next to nothing to do, s; and the same for routing and gathering in a layer of experts. */
  readonly layerS: number;
  readonly expertLayerS: number;
  /** Scaling activations down to 8 or 4 bits in each layer, where the arithmetic is not in BF16, s. */
  readonly quantiseS: number;
  /** Evenness of expert popularity: shape of its Gamma distribution (large = all equally popular). */
  readonly evenness: number;
  /** The host's share of a step, not hidden behind the GPU: for each step, and for each sequence in it, s. */
  readonly stepS: number;
  readonly sequenceS: number;
  /** What a client sees besides the engine's steps: a fixed time per request, s, and tokens held back before the first is sent. */
  readonly requestS: number;
  readonly holdTokens: number;
  /** Waiting for prompts ahead in the queue, relative to the M/D/1 queue. */
  readonly queueing: number;
}

/** A fit, the runs it stands on, and how well it does on runs of the same stack that it was not fitted to. */
export interface FittedStack {
  readonly engine: string;
  readonly chip: string;
  /** Runs used, and the models among them. */
  readonly runs: number;
  readonly models: readonly string[];
  readonly fit: StackFit;
}

/** Every fitted stack; `default` stands in for pairs that nobody measured (its values are the medians over the fitted stacks). */
export const STACKS = serving.stacks as readonly FittedStack[];
export const DEFAULT_STACK = serving.default as StackFit;
/** Median errors on models that the coefficients were not fitted to, each left out in turn; closed-loop runs of all stacks. */
export const UNSEEN_MODEL_ERRORS = serving.leaveOneModelOut as { readonly tpot: Spread; readonly ttft: Spread };

export interface Spread {
  readonly median: number;
  readonly p90: number;
}

/** Engines in the order of preference where none is asked for: what most open deployments run. Others, such as `vllm@ml-energy`, only by name. */
const ENGINES = ["vllm", "sglang", "trtllm"];

/** The fit for an engine on a chip; without an engine, the best known one. Unmeasured pairs get the default: shares carry over, not times. */
export function stackFit(chip: Pick<Accelerator, "id">, engine?: string): StackFit {
  const engines = engine === undefined ? ENGINES : [engine];
  const known = engines.flatMap((name) => STACKS.filter((stack) => stack.chip === chip.id && stack.engine === name));
  return known[0]?.fit ?? DEFAULT_STACK;
}
