import type { MeterReading, UsageRecord } from "@pulmu/ledger";
import type { Job } from "../book/job.ts";
import { unmeteredMs } from "../book/job-times.ts";
import type { ClusterFacts } from "../spec/cluster.ts";
import { shareEnergy } from "./share-energy.ts";

/** Counters of the meter in front of the engine's nodes: they only grow. Whole millijoules, and milligrams of CO₂. */
export interface MeterCount {
  /** At the racks. */
  readonly itMilliJ: number;
  /** With their share of cooling and losses, both of which are told apart. */
  readonly facilityMilliJ: number;
  readonly coolingMilliJ: number;
  readonly lossMilliJ: number;
  readonly carbonMilliG: number;
}

/** What the GPUs themselves say that they used since they are counted, J: whose part of the meter is how large. */
export interface GpuEnergy {
  readonly all: number;
  readonly byJob: ReadonlyMap<string, number>;
}

/** The meter in front of the engine's nodes. */
export interface EnergyMeter {
  /** Names this register: one of the same name goes on counting where it was last written down, whoever was killed meanwhile. */
  readonly id: string;
  read(): MeterCount;
  /** Where it is not told, energy is shared out by GPU time and watts. */
  gpuEnergy?(): GpuEnergy;
  /** A job is over and its usage written down. */
  forget?(jobId: string): void;
  /** A model of a meter is told at each step what should be drawn, W. */
  tick?(powerW: number, nowMs: number): void;
  /** It is read once more, and stands still until then. */
  stop?(): void;
}

/** A period of the meter, shared out: the records' energy and what stood idle sum to the reading, in each of its parts. */
export interface MeteredPeriod {
  readonly records: readonly UsageRecord[];
  readonly reading: MeterReading;
}

/** What is known of a period when it is over. */
export interface PeriodFacts {
  readonly houseId: string;
  readonly meterId: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly counted: MeterCount;
  /** Of this period, where it is told. */
  readonly gpuEnergy: GpuEnergy | undefined;
}

/** A period's usage: one record for each job that ran, and the meter's reading with what stood idle. Marks the jobs as metered. */
export function meterPeriod(
  jobs: readonly Job[],
  cluster: ClusterFacts & { readonly gpus: number },
  { houseId, meterId, fromMs, untilMs, counted, gpuEnergy }: PeriodFacts,
): MeteredPeriod {
  const ran = jobs.flatMap((job) => {
    const ms = unmeteredMs(job, untilMs);
    return ms > 0 ? [{ job, gpuMs: Math.floor(ms * job.gpus) }] : [];
  });
  const { weights, idleWeight } = gpuEnergy === undefined ? byTime(ran, cluster, untilMs - fromMs) : byEnergy(ran, gpuEnergy);
  const it = shareEnergy(counted.itMilliJ, weights, idleWeight);
  const facility = shareEnergy(counted.facilityMilliJ, weights, idleWeight);
  const carbon = shareEnergy(counted.carbonMilliG, weights, idleWeight);
  const records = ran.map(({ job, gpuMs }, i): UsageRecord => {
    const atMs = job.meteredMs > 0 ? job.meteredMs : job.startedMs;
    return {
      id: `${houseId}/${job.id}/${atMs}`,
      kind: "job",
      atMs,
      tenantId: job.tenantId,
      projectId: job.projectId,
      keyId: "",
      modelId: "",
      acceleratorId: cluster.acceleratorId,
      meters: { gpuMilliS: gpuMs, itMilliJ: it.jobs[i], facilityMilliJ: facility.jobs[i], carbonMilliG: carbon.jobs[i] },
      ...(job.traceparent === "" ? {} : { traceparent: job.traceparent }),
    };
  });
  for (const { job } of ran) {
    job.meteredMs = untilMs;
    job.unmeteredMs = 0;
  }
  const { itMilliJ, facilityMilliJ, coolingMilliJ, lossMilliJ } = counted;
  const otherMilliJ = facilityMilliJ - itMilliJ - coolingMilliJ - lossMilliJ;
  const parts = { siteMilliJ: facilityMilliJ, itMilliJ, coolingMilliJ, lossMilliJ, otherMilliJ, idleItMilliJ: it.idle };
  return { records, reading: { source: meterId, fromMs, untilMs, ...parts } };
}

interface Ran {
  readonly job: Job;
  readonly gpuMs: number;
}

interface Weights {
  readonly weights: readonly number[];
  readonly idleWeight: number;
}

/** GPU time times watts: what each should have drawn. */
function byTime(
  ran: readonly Ran[],
  { gpus, wattsPerGpu, idleWattsPerGpu }: ClusterFacts & { readonly gpus: number },
  ms: number,
): Weights {
  // prettier-ignore
  const busyMs = ran.reduce((sum, { gpuMs }) => sum + gpuMs, 0);
  return {
    weights: ran.map(({ job, gpuMs }) => gpuMs * (job.spec.powerPerGpu ?? wattsPerGpu)),
    idleWeight: Math.max(0, gpus * ms - busyMs) * idleWattsPerGpu,
  };
}

/** What their GPUs say. A job of which they say nothing was not there. */
function byEnergy(ran: readonly Ran[], { all, byJob }: GpuEnergy): Weights {
  const weights = ran.map(({ job }) => byJob.get(job.id) ?? 0);
  return {
    weights,
    idleWeight: Math.max(
      0,
      weights.reduce((left, weight) => left - weight, all),
    ),
  };
}
