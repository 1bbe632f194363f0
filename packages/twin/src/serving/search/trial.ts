import type { Deployment, Pool } from "../deployment.ts";
import { ServingEngine } from "../engine.ts";
import type { StepModel } from "../../steptime/step-model.ts";
import type { Load } from "./load.ts";

/** Objectives for the 99th percentile, s. */
export interface Slo {
  /** Time to first token. */
  readonly ttftS: number;
  /** Inter-token latency, of all gaps and of each request's mean: one long wait within an answer counts too. */
  readonly itlS: number;
}

/** A step model and what to call its parallelism. */
export interface ServedModel {
  /** Such as `TP4`. */
  readonly label: string;
  readonly model: StepModel;
}

/** together: every replica prefills and decodes · apart: a prefill pool and a decode pool. */
export type PlanKind = "together" | "apart";

/** One way to deploy a model. */
export interface Plan {
  readonly kind: PlanKind;
  readonly served: ServedModel;
  /** Replicas and their clock ratio; `prefill` only when apart. */
  readonly replicas: number;
  readonly clock: number;
  readonly prefill?: { readonly replicas: number; readonly clock: number };
  /** Token budget of a step with prefill in it. */
  readonly chunkTokens: number;
}

/** How a plan did. */
export interface Trial {
  readonly plan: Plan;
  readonly gpus: number;
  /** 99th percentiles, s; Infinity when the run was given up because requests piled up. */
  readonly ttftS: number;
  readonly itlS: number;
  readonly outputTokensPerS: number;
  /** At the racks' inputs. */
  readonly powerW: number;
  readonly joulesPerToken: number;
  readonly tokensPerSPerMW: number;
  /** Energy at the racks' inputs by pool, J. */
  readonly poolEnergyJ: readonly number[];
}

export interface TrialSettings {
  readonly slo: Slo;
  /** Prefix blocks of the trace, tokens; 0 = it has none. */
  readonly prefixTokens: number;
  readonly contextTokens: number;
  /** Power at a rack's input per GPU, W, for a mean power of its GPUs. */
  readonly rackInputW: (gpuPowerW: number) => number;
}

/** Most sequences in a batch, as vLLM sets it on large GPUs. */
export const MAX_SEQUENCES = 1024;
const KV_BLOCK_TOKENS = 16;
/** A run is given up when this share of the requests waits far too long for the first token: it does not keep up. */
const HOPELESS = { share: 0.02, times: 5, atLeastS: 5 };

export function deploymentOf({ served, replicas, clock, prefill, chunkTokens }: Plan, prefixTokens: number): Deployment {
  const { model } = served;
  const pool = (role: Pool["role"], count: number, ratio: number, budget: number): Pool => {
    const maxBatchTokens = Math.min(budget, model.maxBatchTokens);
    return { role, model, replicas: count, clock: ratio, maxSequences: Math.min(MAX_SEQUENCES, maxBatchTokens), maxBatchTokens };
  };
  const pools =
    prefill === undefined
      ? [pool("mixed", replicas, clock, chunkTokens)]
      : [pool("prefill", prefill.replicas, prefill.clock, chunkTokens), pool("decode", replicas, clock, chunkTokens)];
  const routing = prefixTokens > 0 ? "prefix-aware" : "least-loaded";
  return { pools, batching: "chunked", routing, blockTokens: KV_BLOCK_TOKENS, prefixTokens, failures: [] };
}

export function gpusOf({ served, replicas, prefill }: Plan): number {
  return served.model.gpus * (replicas + (prefill?.replicas ?? 0));
}

/** Plays the load on a plan. */
export function tryPlan(plan: Plan, load: Load, settings: TrialSettings): Trial {
  const { slo, prefixTokens, contextTokens, rackInputW } = settings;
  const gpus = gpusOf(plan);
  let late = 0;
  const lateS = Math.max(HOPELESS.atLeastS, HOPELESS.times * slo.ttftS);
  const mostLate = Math.max(10, HOPELESS.share * load.requests.length);
  const engine = new ServingEngine(deploymentOf(plan, prefixTokens), {
    contextTokens,
    onRequest: ({ ttftS }) => (late += ttftS > lateS ? 1 : 0),
  });
  for (const request of load.requests) {
    engine.arrive(request);
    if (late > mostLate) return givenUp(plan, gpus);
  }
  const { durationS, outputTokens, outputTokensPerS, poolEnergyJ: gpuEnergyJ, ttftS, itlS, tpotS } = engine.finish();
  const counts = plan.prefill === undefined ? [plan.replicas] : [plan.prefill.replicas, plan.replicas];
  const poolEnergyJ = gpuEnergyJ.map((gpuJ, i) => {
    const gpuSeconds = counts[i] * plan.served.model.gpus * durationS;
    return rackInputW(gpuJ / gpuSeconds) * gpuSeconds;
  });
  const totalJ = poolEnergyJ.reduce((sum, each) => sum + each, 0);
  return {
    plan,
    gpus,
    ttftS: ttftS.p99,
    itlS: Math.max(itlS.p99, tpotS.p99) || 0, // answers of one token have no gaps
    outputTokensPerS,
    powerW: totalJ / durationS,
    joulesPerToken: totalJ / outputTokens,
    tokensPerSPerMW: (outputTokens / totalJ) * 1e6,
    poolEnergyJ,
  };
}

export function meets({ ttftS, itlS }: Trial, slo: Slo): boolean {
  return ttftS <= slo.ttftS && itlS <= slo.itlS;
}

/** How far a trial misses the objectives: its worse ratio, at most 1 when it meets both. */
export function miss({ ttftS, itlS }: Trial, slo: Slo): number {
  return Math.max(ttftS / slo.ttftS, itlS / slo.itlS);
}

function givenUp(plan: Plan, gpus: number): Trial {
  const unknown = { outputTokensPerS: NaN, powerW: NaN, joulesPerToken: Infinity, tokensPerSPerMW: 0, poolEnergyJ: [Infinity, Infinity] };
  return { plan, gpus, ttftS: Infinity, itlS: Infinity, ...unknown };
}

/** Such as `3 × TP4` or `2 prefill + 5 decode × TP4`. */
export function planText({ served, replicas, prefill }: Plan): string {
  return prefill === undefined ? `${replicas} × ${served.label}` : `${prefill.replicas} prefill + ${replicas} decode × ${served.label}`;
}
