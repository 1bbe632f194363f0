import type { UsageRecord } from "@pulmu/ledger";
import type { Job } from "../book/job.ts";
import { unmeteredMs } from "../book/job-times.ts";
import type { ClusterFacts } from "../spec/cluster.ts";
import { shareEnergy } from "./share-energy.ts";

/** Counters of the cluster's meter: they only grow. */
export interface MeterCount {
  /** At the racks. */
  readonly itMilliJ: number;
  /** With its share of cooling and losses. */
  readonly facilityMilliJ: number;
  readonly carbonMilliG: number;
}

/** The meter in front of the engine's nodes. */
export interface EnergyMeter {
  read(): MeterCount;
  /** A model of a meter is told at each step what should be drawn, W. */
  tick?(powerW: number, nowMs: number): void;
}

export interface MeteredPeriod {
  readonly records: readonly UsageRecord[];
  readonly fromMs: number;
  readonly untilMs: number;
  /** What the meter counted in the period; the records' energy and idle sum to it. */
  readonly meter: MeterCount;
  readonly idleItMilliJ: number;
}

/** A period's usage: one record for each job that ran, and what stood idle. Marks the jobs as metered. */
export function meterPeriod(
  jobs: readonly Job[],
  cluster: ClusterFacts & { readonly gpus: number },
  meter: MeterCount,
  { houseId, fromMs, untilMs }: { readonly houseId: string; readonly fromMs: number; readonly untilMs: number },
): MeteredPeriod {
  const ran = jobs.flatMap((job) => {
    const ms = unmeteredMs(job, untilMs);
    return ms > 0 ? [{ job, gpuMs: Math.floor(ms * job.gpus) }] : [];
  });
  const busyMs = ran.reduce((sum, { gpuMs }) => sum + gpuMs, 0);
  const idle = { gpuMs: Math.max(0, cluster.gpus * (untilMs - fromMs) - busyMs), wattsPerGpu: cluster.idleWattsPerGpu };
  const holders = ran.map(({ job, gpuMs }) => ({ gpuMs, wattsPerGpu: job.spec.powerPerGpu ?? cluster.wattsPerGpu }));
  const it = shareEnergy(meter.itMilliJ, holders, idle);
  const facility = shareEnergy(meter.facilityMilliJ, holders, idle);
  const carbon = shareEnergy(meter.carbonMilliG, holders, idle);
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
  return { records, fromMs, untilMs, meter, idleItMilliJ: it.idle };
}

/** Where no meter is read: what the nodes should have drawn, added up. It says of itself that it is a model. */
export class ModelledMeter implements EnergyMeter {
  readonly #facilityPerIt: number;
  readonly #carbonGPerKWh: number;
  #itJ = 0;
  #lastMs = NaN;
  #powerW = 0;

  constructor({ facilityPerIt, carbonGPerKWh }: { readonly facilityPerIt: number; readonly carbonGPerKWh: number }) {
    this.#facilityPerIt = facilityPerIt;
    this.#carbonGPerKWh = carbonGPerKWh;
  }

  tick(powerW: number, nowMs: number): void {
    if (nowMs > this.#lastMs) this.#itJ += (this.#powerW * (nowMs - this.#lastMs)) / 1000;
    this.#lastMs = nowMs;
    this.#powerW = powerW;
  }

  read(): MeterCount {
    const facilityJ = this.#itJ * this.#facilityPerIt;
    return {
      itMilliJ: Math.round(this.#itJ * 1000),
      facilityMilliJ: Math.round(facilityJ * 1000),
      carbonMilliG: Math.round((facilityJ / 3.6e6) * this.#carbonGPerKWh * 1000),
    };
  }
}
