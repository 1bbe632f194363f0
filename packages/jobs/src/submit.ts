import { PulmuError } from "@pulmu/units";
import type { Job } from "./book/job.ts";
import type { JobBook } from "./book/job-book.ts";
import { newJobs, type Submission } from "./book/new-jobs.ts";
import { type ClusterFacts, powerOf } from "./spec/cluster.ts";
import type { JobSpec } from "./spec/job-spec.ts";

const TOKEN = /^[\x21-\x7e]{1,100}$/;
const ID_BYTES = 5;

/** Who submits, and under which name that is never used twice. */
export interface Asker {
  readonly by: string;
  readonly projectId: string;
  readonly token: string;
  readonly traceparent: string;
}

/**
 * Writes a job down, durably: it will run once, whatever crashes. The same token again gives the same jobs and makes none.
 * @throws PulmuError `job.token`, `job.project`, `job.exists`, `store.*`
 */
export async function submitJob(
  book: JobBook,
  spec: JobSpec,
  { by, projectId, token, traceparent }: Asker,
  cluster: Pick<ClusterFacts, "wattsPerGpu">,
  { nowMs, randomBytes }: { readonly nowMs: number; readonly randomBytes: (count: number) => Uint8Array },
): Promise<readonly Job[]> {
  if (!TOKEN.test(token)) throw new PulmuError({ code: "job.token", path: "token", value: token, rule: "1 to 100 printable characters without spaces" }); // prettier-ignore
  const [tenantId, project] = projectId.split("/");
  if (project === undefined || tenantId === "")
    throw new PulmuError({ code: "job.project", path: "project", value: projectId, rule: "whose job is it?", hint: "tenant/project" });
  // Whole kilowatts: what engines count licences in. So what we let start is never more than what they let start.
  const powerW = Math.ceil(powerOf(spec, cluster) / 1000) * 1000;
  const submission: Submission = { spec, tenantId, projectId, by, token, powerW, traceparent };
  const id = `j${BigInt(`0x${Buffer.from(randomBytes(ID_BYTES)).toString("hex")}`)
    .toString(36)
    .padStart(8, "0")}`;
  const tasks = spec.array === undefined ? "" : ` with ${spec.array} tasks`;
  return book.insert(newJobs(submission, id, nowMs), { atMs: nowMs, what: "submitted", text: `submitted by ${by}${tasks}`, traceparent }, nowMs); // prettier-ignore
}
