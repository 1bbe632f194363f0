import { gpusOf, type JobSpec } from "./job-spec.ts";
import { type ClusterFacts, powerOf } from "./cluster.ts";

/** What a GPU-hour costs; a site's own price plan says it. */
export interface Rate {
  readonly krwPerGpuH: number;
}

/** What a submission will come to if it runs as long as expected. */
export interface Estimate {
  readonly gpuHours: number;
  /** At the racks. */
  readonly itKWh: number;
  /** undefined: no price is known here. */
  readonly krw: number | undefined;
}

export function estimate(spec: JobSpec, cluster: Pick<ClusterFacts, "wattsPerGpu">, rate: Rate | undefined): Estimate {
  const tasks = spec.array ?? 1;
  const gpuHours = (gpusOf(spec) * spec.expected * tasks) / 3600;
  return {
    gpuHours,
    itKWh: (powerOf(spec, cluster) * spec.expected * tasks) / 3.6e6,
    krw: rate === undefined ? undefined : Math.round(gpuHours * rate.krwPerGpuH),
  };
}
