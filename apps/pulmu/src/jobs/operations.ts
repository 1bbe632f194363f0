import { checkSpec, type JobSpec, parseSpec, type Quota } from "@pulmu/jobs";
import { z } from "zod";
import { type Operation, operation } from "../accounts/operation.ts";
import { permit } from "../accounts/operations/permit.ts";
import { bookOf, engineOf } from "./book-of.ts";
import { jobView, logTail, whyOf } from "./job-view.ts";
import * as schema from "./schemas.ts";
import {
  cancelFor,
  jobFor,
  removeReservationFor,
  reservationsFor,
  setQuotaFor,
  setReservationFor,
  submitFor,
  visibleJobs,
  weigh,
} from "./work.ts";

const TAG = "jobs";
/** Of a job's output, the end that is given at most. */
const MAX_LOG = 1 << 20;

const specOf = (spec: string | Record<string, unknown>): JobSpec => typeof spec === "string" ? parseSpec(spec, "spec") : checkSpec(spec, "spec"); // prettier-ignore
const open = (limit: number | null) => limit ?? Infinity;
const closed = (limit: number) => (limit === Infinity ? null : limit);
const shownQuota = (quota: Quota) => ({ ...quota, limitGpus: closed(quota.limitGpus), limitW: closed(quota.limitW), limitGpuHours: closed(quota.limitGpuHours) }); // prettier-ignore

/** Jobs over HTTP: submit, look, ask why, end; quotas and reservations. Served from the database: the runner may be another process. */
export const jobsOperations: readonly Operation[] = [
  operation({
    id: "listJobs",
    method: "get",
    path: "/jobs",
    tag: TAG,
    summary: "Jobs the caller may see, newest first",
    query: schema.listQuery,
    answer: z.array(schema.job),
    run: async ({ house, by, query: { project, state, live, before, limit } }) => {
      const filter = { tenantIds: visibleJobs(by), limit, live: live === "true", ...(project !== undefined && { projectId: project }), ...(state !== undefined && { state }), ...(before !== undefined && { beforeSeq: before }) }; // prettier-ignore
      return (await (await bookOf(house.store)).list(filter)).map((job) => jobView(job, house.now()));
    },
  }),
  operation({
    id: "submitJob",
    method: "post",
    path: "/jobs",
    tag: TAG,
    summary: "Submit a job; written down before it is answered",
    status: 201,
    body: schema.submission,
    answer: z.object({ jobs: z.array(schema.job), estimate: schema.estimate }),
    run: async ({ house, by, body: { project, token, spec } }) => {
      const { jobs, estimate } = await submitFor(house, by, specOf(spec), { project, token });
      return { jobs: jobs.map((job) => jobView(job, house.now())), estimate: { ...estimate, krw: estimate.krw ?? null } };
    },
  }),
  operation({
    id: "estimateJob",
    method: "post",
    path: "/jobs/estimate",
    tag: TAG,
    summary: "What a job would come to, and whether it could ever run here; nothing is submitted",
    body: schema.submission.pick({ spec: true }),
    answer: schema.estimate,
    run: async ({ house, body: { spec } }) => {
      const { estimate } = await weigh(house, specOf(spec));
      return { ...estimate, krw: estimate.krw ?? null };
    },
  }),
  operation({
    id: "getJob",
    method: "get",
    path: "/jobs/{job}",
    tag: TAG,
    summary: "A job",
    answer: schema.job,
    run: async ({ house, by, path }) => jobView((await jobFor(house, by, path["job"])).job, house.now()),
  }),
  operation({
    id: "cancelJob",
    method: "delete",
    path: "/jobs/{job}",
    tag: TAG,
    summary: "End a job; one that is over stays as it is",
    answer: z.object({ asked: z.boolean() }),
    run: async ({ house, by, path }) => ({ asked: await cancelFor(house, by, path["job"]) }),
  }),
  operation({
    id: "whyJob",
    method: "get",
    path: "/jobs/{job}/why",
    tag: TAG,
    summary: "Why it waits, was paused or ended: one line, and how it came to that",
    answer: schema.why,
    run: async ({ house, by, path }) => {
      const { book, job } = await jobFor(house, by, path["job"]);
      return whyOf(book, job, await engineOf(house.store).catch(() => undefined), house.now());
    },
  }),
  operation({
    id: "logsOfJob",
    method: "get",
    path: "/jobs/{job}/logs",
    tag: TAG,
    summary: "The end of what it has printed",
    query: z.strictObject({ bytes: z.coerce.number().int().min(1).max(MAX_LOG).default(65_536) }),
    answer: "text/plain; charset=utf-8",
    run: async ({ house, by, path, query }) => {
      const { job } = await jobFor(house, by, path["job"]);
      return logTail((await engineOf(house.store)).filesRoot, job.id, query.bytes);
    },
  }),
  operation({
    id: "getEngine",
    method: "get",
    path: "/engine",
    tag: TAG,
    summary: "The engine behind the jobs, its nodes, what jobs may draw and do draw",
    answer: schema.engine,
    run: async ({ house, by }) => {
      permit(by, "job.read", undefined);
      await bookOf(house.store);
      return { ...(await engineOf(house.store)) };
    },
  }),
  operation({
    id: "listQuotas",
    method: "get",
    path: "/quotas",
    tag: TAG,
    summary: "What tenants and projects may use",
    answer: z.array(schema.quota),
    run: async ({ house, by }) => {
      const visible = visibleJobs(by);
      const quotas = await (await bookOf(house.store)).quotas();
      return quotas.filter(({ groupId }) => visible === "all" || visible.includes(groupId.split("/", 1)[0])).map(shownQuota);
    },
  }),
  operation({
    id: "setQuota",
    method: "put",
    path: "/quotas/{group…}",
    tag: TAG,
    summary: "Set what a tenant or a project may use: GPUs, watts, GPU-hours",
    body: schema.newQuota,
    answer: schema.quota,
    run: async ({ house, by, path, body }) => {
      const quota = { ...body, groupId: path["group"], limitGpus: open(body.limitGpus), limitW: open(body.limitW), limitGpuHours: open(body.limitGpuHours) }; // prettier-ignore
      await setQuotaFor(house, by, quota);
      return shownQuota(quota);
    },
  }),
  operation({
    id: "listReservations",
    method: "get",
    path: "/job-reservations",
    tag: TAG,
    summary: "What is kept free, for whom, from when to when",
    answer: z.array(schema.reservation),
    run: ({ house, by }) => reservationsFor(house, by),
  }),
  operation({
    id: "setReservation",
    method: "put",
    path: "/job-reservations/{reservation}",
    tag: TAG,
    summary: "Keep GPUs and watts free for a tenant or project from a moment to a moment",
    body: schema.newReservation,
    answer: schema.reservation,
    run: async ({ house, by, path, body }) => {
      const reservation = { ...body, id: path["reservation"] };
      await setReservationFor(house, by, reservation);
      return reservation;
    },
  }),
  operation({
    id: "removeReservation",
    method: "delete",
    path: "/job-reservations/{reservation}",
    tag: TAG,
    summary: "Keep it no longer",
    answer: z.object({ removed: z.literal(true) }),
    run: async ({ house, by, path }) => {
      await removeReservationFor(house, by, path["reservation"]);
      return { removed: true as const };
    },
  }),
];
