import type { Store } from "@pulmu/journal";
import { foldAll, type MeterReading, sumUsage } from "@pulmu/ledger";
import type { Job } from "../book/job.ts";

/**
 * What is wrong with the ledger after all jobs have ended and all their usage was sent: everything that the meter counted must be billed or
 * idle, to the millijoule, and every millisecond that a job held its GPUs billed, once.
 */
export async function judgeBooks(store: Store, jobs: readonly Job[]): Promise<readonly string[]> {
  await foldAll(store);
  const [{ meters }] = await sumUsage(store, { tenantIds: "all" }, []);
  const rows = await store.query<{ body: string }>("select body from meter_readings");
  const readings = rows.map(({ body }) => JSON.parse(body) as MeterReading);
  const counted = readings.reduce((sum, { itMilliJ }) => sum + BigInt(itMilliJ), 0n);
  const idle = readings.reduce((sum, { idleItMilliJ = 0 }) => sum + BigInt(idleItMilliJ), 0n);
  const [left] = await store.query<{ n: number }>("select (select count(*) from job_usage) + (select count(*) from job_readings) as n");
  const ran = jobs.reduce((sum, { ranMs, gpus }) => sum + BigInt(ranMs) * BigInt(gpus), 0n);
  const findings: string[] = [];
  if (meters.itMilliJ + idle !== counted)
    findings.push(`${meters.itMilliJ} mJ billed and ${idle} idle of ${counted} that the meter counted`);
  if (meters.gpuMilliS !== ran) findings.push(`${meters.gpuMilliS} GPU-ms billed, jobs held GPUs for ${ran}`);
  if (Number(left.n) > 0) findings.push(`${left.n} records of usage never reached the ledger`);
  return findings;
}
