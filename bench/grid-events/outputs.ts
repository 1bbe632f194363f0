import type { WorkOutput } from "@pulmu/power";
import type { JobRow, Simulation } from "@pulmu/twin";

/** Assumed prices, as in prices/standard.yaml: won for a million output tokens, and for an hour of a job's GPU. */
const OUTPUT_KRW_PER_M = 1200;
const JOB_KRW_PER_GPU_H = 4500;

/** Tokens that jobs have made so far, to tell what they made in a second. */
export class JobTokens {
  #before = new Map<string, number>();

  perS(jobs: readonly JobRow[]): ReadonlyMap<string, number> {
    const rates = new Map(jobs.map(({ id, tokens }) => [id, Math.max(0, tokens - (this.#before.get(id) ?? tokens))]));
    this.#before = new Map(jobs.map(({ id, tokens }) => [id, tokens]));
    return rates;
  }
}

/**
 * What each work made in the last second, beside what the same work made in the same second in a factory that was asked nothing. Jobs
 * that make no tokens are left out.
 */
export function outputsOf(event: Simulation, asked: JobTokens, control: Simulation, free: JobTokens): readonly WorkOutput[] {
  const classOf = new Map(control.site.workloads.map(({ id, serviceClass }) => [id, serviceClass]));
  const made = new Map(event.services().map((row) => [row.id, row.tokensPerS]));
  const services = control.services().map((row): WorkOutput => ({
    workId: row.id,
    tenantId: row.tenantId,
    serviceClass: row.serviceClass as WorkOutput["serviceClass"],
    tokensPerS: made.get(row.id) ?? 0,
    wantedTokensPerS: row.tokensPerS,
    krwPerMTokens: OUTPUT_KRW_PER_M,
  }));
  const madeByJobs = asked.perS(event.jobs());
  const freeJobs = control.jobs();
  const wantedByJobs = free.perS(freeJobs);
  const jobs = freeJobs.flatMap(({ id, workloadId, tenantId, gpus, state }): WorkOutput[] => {
    const wanted = wantedByJobs.get(id) ?? 0;
    if (state === "done" || wanted === 0) return [];
    return [
      {
        workId: id,
        tenantId,
        serviceClass: classOf.get(workloadId) ?? "flexible",
        tokensPerS: madeByJobs.get(id) ?? 0,
        wantedTokensPerS: wanted,
        krwPerMTokens: ((gpus * JOB_KRW_PER_GPU_H) / 3600 / wanted) * 1e6,
      },
    ];
  });
  return [...services, ...jobs];
}
