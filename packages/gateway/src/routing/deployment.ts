import type { Upstream } from "../upstreams/upstream.ts";
import type { EnergyModel } from "../metering/energy.ts";

/** Where answers are made. */
export interface Place {
  readonly site: string;
  /** ISO 3166 code of the law that holds there: `kr`. */
  readonly jurisdiction: string;
}

/** One engine that serves a deployment. */
export interface ReplicaSpec {
  readonly id: string;
  readonly upstream: Upstream;
  /** Requests it is given relative to others; 1 unless said. */
  readonly weight?: number;
  /** True: it gets no new requests. */
  readonly draining?: boolean;
}

/** A model as callers know it, and who serves it. */
export interface DeploymentSpec {
  readonly modelId: string;
  /** What its upstreams call it; the same unless said. */
  readonly upstreamModel?: string;
  /** Weights and revision, such as `hyperclova-x-seed-32b@2026-07`: given with each answer. */
  readonly modelVersion: string;
  readonly place: Place;
  /** Kind of GPU, where the price depends on it, as GPU time by the hour does; "" where tokens are all that is sold. */
  readonly acceleratorId: string;
  /** Who made it, for `/v1/models`. */
  readonly ownedBy: string;
  readonly createdMs: number;
  readonly replicas: readonly ReplicaSpec[];
  readonly energy: EnergyModel;
  /** Tokens an answer may have; also what is reserved when the caller does not say. */
  readonly maxOutputTokens: number;
  /** Requests under way at once; more wait. */
  readonly maxConcurrent: number;
  /** Its upstreams can count tokens with each event of a stream (vLLM), so that an answer which breaks off is billed to the token. */
  readonly countsAsItGoes?: boolean;
  /** Its upstreams keep what they remember of prompts apart by `cache_salt` (vLLM): each tenant is given one of its own. */
  readonly isolatesCache?: boolean;
  /** True: answers are made up, and say so. */
  readonly simulated?: boolean;
  /** Models that may answer in its place when no replica can. */
  readonly fallbacks?: readonly string[];
}
