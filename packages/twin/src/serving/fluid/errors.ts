import type { Accelerator, ModelFacts, WorkloadFit } from "@pulmu/catalog";
import { exp, random } from "@pulmu/units";
import { saturationRequestsPerS, type ServiceModel } from "../../engine/service-model.ts";
import { CHUNK_TOKENS, MAX_SEQUENCES, replicaGpus, serviceOf } from "../../engine/service-of.ts";
import { ServicePool } from "../../engine/service-pool.ts";
import { analyticStepModel, tensorParallel, type StepModel } from "../../steptime/index.ts";
import { ServingEngine } from "../engine.ts";
import type { ServingRequest } from "../request.ts";
import { syntheticRequests } from "../synthetic-requests.ts";

export interface FluidCase {
  readonly model: ModelFacts;
  readonly chip: Accelerator;
  readonly workload: WorkloadFit;
  readonly slo: { readonly ttftS: number; readonly itlS: number };
}

/** Means over the measured time: per replica for the batch, per GPU for power. */
export interface FluidMeasures {
  readonly tokensPerS: number;
  readonly batch: number;
  readonly itlS: number;
  readonly ttftP50S: number;
  readonly gpuPowerW: number;
}

export interface FluidRow {
  /** Share of the rate at which the fluid service is full. */
  readonly load: number;
  readonly fluid: FluidMeasures;
  readonly requestLevel: FluidMeasures;
  /** fluid / requestLevel − 1. */
  readonly error: FluidMeasures;
}

const REPLICAS = 8;
const WARM_UP_S = 120;
const DURATION_S = 480;

/**
 * How far the fluid service of the plant (`engine/service-pool.ts`) is from serving the same requests one by one: Poisson arrivals,
 * means over six minutes after two of warming up, at shares of the rate that fills the fluid service.
 */
export function fluidErrors(what: FluidCase, loads: readonly number[]): FluidRow[] {
  const { model, chip, workload, slo } = what;
  const gpus = replicaGpus(model, chip);
  const step = analyticStepModel(model, chip, { parallelism: tensorParallel(gpus) });
  const means = { promptTokens: workload.prompt.mean, outputTokens: workload.output.mean };
  const service = serviceOf(model, chip, gpus, { ...means, itlObjectiveS: slo.itlS });
  const fullPerS = saturationRequestsPerS(service, means.promptTokens, means.outputTokens, slo.itlS) * REPLICAS;
  return loads.map((load) => {
    const requests = syntheticRequests(workload, load * fullPerS, DURATION_S, random(1, `fluid ${load}`));
    const fluid = playFluid(service, requests, what);
    const requestLevel = playRequests(step, requests);
    const error = Object.fromEntries(
      (Object.keys(fluid) as (keyof FluidMeasures)[]).map((measure) => [measure, fluid[measure] / requestLevel[measure] - 1]),
    );
    return { load, fluid, requestLevel, error: error as unknown as FluidMeasures };
  });
}

function playFluid(service: ServiceModel, requests: readonly ServingRequest[], { model, chip, workload, slo }: FluidCase): FluidMeasures {
  const names = { id: "fluid", tenantId: "", modelId: model.id, serviceClass: "standard", rackTypeId: "" };
  const promptCv2 = exp(workload.prompt.logSd * workload.prompt.logSd) - 1;
  const pool = new ServicePool({ ...names, slo, wantedReplicas: REPLICAS, arrivalShare: 1, promptCv2 }, service);
  pool.replicas = REPLICAS;
  const { idleW, curves } = chip;
  const mean = { tokensPerS: 0, batch: 0, itlS: 0, ttftP50S: 0, gpuPowerW: 0 };
  const share = 1 / (DURATION_S - WARM_UP_S);
  const bySecond = Map.groupBy(requests, ({ atS }) => Math.floor(atS));
  for (let second = 0; second < DURATION_S; second++) {
    const arrived = bySecond.get(second) ?? [];
    const total = (field: "promptTokens" | "outputTokens"): number => arrived.reduce((sum, request) => sum + request[field], 0);
    pool.step(arrived.length, total("promptTokens"), total("outputTokens"));
    if (second < WARM_UP_S) continue;
    mean.tokensPerS += pool.tokensPerS * share;
    mean.batch += pool.batch * share;
    mean.itlS += pool.itlP50S * share;
    mean.ttftP50S += pool.ttftP50S * share;
    // as the plant's pass over the racks adds it up
    mean.gpuPowerW += (idleW + pool.busyA * (curves.prefill.activeW - idleW) + pool.busyB * (curves.decode.activeW - idleW)) * share;
  }
  return mean;
}

function playRequests(model: StepModel, requests: readonly ServingRequest[]): FluidMeasures {
  const mean = { tokensPerS: 0, batch: 0, gpuPowerW: 0 };
  const share = 1 / (DURATION_S - WARM_UP_S);
  const maxBatchTokens = Math.min(CHUNK_TOKENS, model.maxBatchTokens);
  const maxSequences = Math.min(MAX_SEQUENCES, maxBatchTokens);
  const engine = new ServingEngine(
    {
      pools: [{ role: "mixed", model, replicas: REPLICAS, clock: 1, maxSequences, maxBatchTokens }],
      batching: "chunked",
      routing: "least-loaded",
      blockTokens: 16,
      prefixTokens: 0,
      failures: [],
    },
    {
      onSecond: ({ atS, outputTokensPerS, running, gpuPowerW }) => {
        if (atS <= WARM_UP_S || atS > DURATION_S) return;
        mean.tokensPerS += outputTokensPerS * share;
        mean.batch += (running / REPLICAS) * share;
        mean.gpuPowerW += (gpuPowerW / REPLICAS / model.gpus) * share;
      },
    },
  );
  for (const request of requests) engine.arrive(request);
  const { ttftS, itlS } = engine.finish();
  return { ...mean, itlS: itlS.mean, ttftP50S: ttftS.p50 };
}
