import { PulmuError, type Problem } from "@pulmu/units";
import type { StepModel } from "../steptime/step-model.ts";

/** mixed: prefill and decode · prefill: makes the first token, hands the KV cache over · decode: takes it from there. */
export type PoolRole = "mixed" | "prefill" | "decode";

/**
 * chunked: chunked prefill mixed with decode, as vLLM V1 · prompt-first: whole prompts before decode, as splitwise-sim's instances.
 */
export type Batching = "chunked" | "prompt-first";

/**
 * round-robin · least-loaded: fewest tokens to come (prompt tokens not yet computed plus one per request; on decode pools tokens of
 * context) · prefix-aware: fewest prompt tokens to compute, cached ones of this prompt left out, plus tokens of context in use ·
 * mixed-pool: Splitwise's, where replicas of a prefill and a decode pool help each other out.
 */
export type Routing = "round-robin" | "least-loaded" | "prefix-aware" | "mixed-pool";

/** Replicas of one kind. */
export interface Pool {
  readonly role: PoolRole;
  readonly model: StepModel;
  /** Replicas that are on at the start. */
  readonly replicas: number;
  /** SM clock ratio, above 0 and at most 1. */
  readonly clock: number;
  readonly maxSequences: number;
  /** Token budget of a step; at most the model's, and at least maxSequences. */
  readonly maxBatchTokens: number;
  readonly scaling?: Scaling;
}

/** Replicas follow the requests in the pool: ceil(requests / requestsPerReplica), within bounds. */
export interface Scaling {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly requestsPerReplica: number;
  /** Time between looks, s. */
  readonly everyS: number;
  /** From the decision to the first request (loading weights), s. */
  readonly startS: number;
  /** Fewer replicas only after they would have been enough for this long, s. */
  readonly shrinkAfterS: number;
}

export interface ReplicaFailure {
  /** Counted through all pools, from 0. */
  readonly replica: number;
  readonly atS: number;
  /** Until it serves again, s. */
  readonly repairS: number;
}

export interface Deployment {
  /** One mixed pool, or a prefill and a decode pool. */
  readonly pools: readonly Pool[];
  readonly batching: Batching;
  readonly routing: Routing;
  /** Tokens of a KV block (vLLM's default is 16). */
  readonly blockTokens: number;
  /** Tokens of the prefix blocks that requests carry; 0 = no prefix cache. */
  readonly prefixTokens: number;
  readonly failures: readonly ReplicaFailure[];
}

/** Replicas that a pool may ever have. */
export function mostReplicas(pool: Pool): number {
  return Math.max(pool.replicas, pool.scaling?.maxReplicas ?? 0);
}

/** Tokens of one request that each replica can hold, in whole blocks. */
export function requestCapacityTokens({ pools, blockTokens }: Deployment): number {
  return Math.min(...pools.map((pool) => Math.floor(pool.model.kvCapacityTokens / blockTokens) * blockTokens));
}

/** @throws PulmuError `serving.*` with every problem of the deployment. */
export function checkDeployment(deployment: Deployment): void {
  const { pools, routing, blockTokens, prefixTokens, failures } = deployment;
  const problems: Problem[] = [];
  const rule = (holds: boolean, path: string, value: unknown, text: string, hint?: string): void => {
    if (holds) return;
    problems.push({ code: "serving.bad-deployment", path, value: String(value), rule: text, ...(hint === undefined ? {} : { hint }) });
  };
  const whole = (value: number, from: number): boolean => Number.isInteger(value) && value >= from;
  const roles = pools.map(({ role }) => role).join(" + ");
  rule(["mixed", "prefill + decode"].includes(roles), "pools", roles, "one mixed pool, or a prefill pool and then a decode pool");
  const mixes = routing !== "mixed-pool" || pools.length === 2;
  rule(mixes, "routing", routing, "a mixed pool lies between a prefill and a decode pool");
  rule(whole(blockTokens, 1), "blockTokens", blockTokens, "a block has one token or more");
  rule(prefixTokens % blockTokens === 0, "prefixTokens", prefixTokens, `a multiple of the block size, ${blockTokens}; 0 = no prefix cache`);
  pools.forEach((pool, index) => {
    const at = (field: string): string => `pools[${index}].${field}`;
    const { model, replicas, clock, maxSequences, maxBatchTokens, scaling } = pool;
    rule(whole(replicas, 1), at("replicas"), replicas, "a pool has one replica or more");
    rule(clock > 0 && clock <= 1, at("clock"), clock, "a ratio of the full clock: above 0, at most 1");
    rule(whole(maxSequences, 1), at("maxSequences"), maxSequences, "one sequence or more");
    const budget = maxBatchTokens >= maxSequences && maxBatchTokens <= model.maxBatchTokens;
    rule(budget, at("maxBatchTokens"), maxBatchTokens, `at least maxSequences, at most ${model.maxBatchTokens} of ${model.id}`);
    if (scaling === undefined) return;
    const bounds = whole(scaling.minReplicas, 1) && whole(scaling.maxReplicas, scaling.minReplicas);
    rule(bounds, at("scaling"), `${scaling.minReplicas}…${scaling.maxReplicas}`, "1 ≤ minReplicas ≤ maxReplicas");
    rule(scaling.requestsPerReplica > 0, at("scaling.requestsPerReplica"), scaling.requestsPerReplica, "above 0");
    rule(scaling.everyS > 0, at("scaling.everyS"), scaling.everyS, "above 0 s");
  });
  const replicas = pools.reduce((sum, pool) => sum + mostReplicas(pool), 0);
  failures.forEach(({ replica, atS, repairS }, index) => {
    rule(whole(replica, 0) && replica < replicas, `failures[${index}].replica`, replica, `replicas are numbered 0 … ${replicas - 1}`);
    rule(atS >= 0 && repairS > 0, `failures[${index}]`, `${atS} s, ${repairS} s`, "a failure has a time and a repair time above 0 s");
  });
  if (problems.length > 0) throw new PulmuError(problems);
}
