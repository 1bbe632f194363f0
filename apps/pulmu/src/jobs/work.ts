import { randomBytes } from "node:crypto";
import { may, type Principal, visibleTenants } from "@pulmu/govern";
import {
  checkQuotas,
  checkReservation,
  type EngineSnapshot,
  type Estimate,
  estimate,
  type Job,
  type JobBook,
  type JobSpec,
  mustFit,
  type Quota,
  type Reservation,
  submitJob,
} from "@pulmu/jobs";
import { PulmuError } from "@pulmu/units";
import type { House } from "../accounts/house.ts";
import { permit } from "../accounts/operations/permit.ts";
import { bookOf, engineOf } from "./book-of.ts";

/** Assumed, as in prices/standard.yaml: no site's prices are public. */
const ASSUMED_KRW_PER_GPU_H = 4_500;

export interface Submitted {
  readonly jobs: readonly Job[];
  readonly estimate: Estimate;
}

/** What a submission would come to, and whether it could ever run. @throws PulmuError `job.*` */
export async function weigh(house: House, spec: JobSpec): Promise<{ readonly engine: EngineSnapshot; readonly estimate: Estimate }> {
  await bookOf(house.store);
  const engine = await engineOf(house.store);
  mustFit(spec, engine.cluster);
  return { engine, estimate: estimate(spec, engine.cluster, { krwPerGpuH: ASSUMED_KRW_PER_GPU_H }) };
}

/** Checks right, project and room, and writes the job down. @throws PulmuError `job.*`, `govern.*` */
export async function submitFor(
  house: House,
  by: Principal,
  spec: JobSpec,
  { project, token, traceparent = "" }: { readonly project: string | undefined; readonly token: string; readonly traceparent?: string },
): Promise<Submitted> {
  const projectId = project ?? spec.project ?? by.projectId;
  if (projectId === undefined)
    throw new PulmuError({ code: "job.project", path: "project", rule: "whose job is it?", hint: "say project: tenant/project" });
  permit(by, "job.submit", projectId.split("/", 1)[0]);
  const known = await house.identity.projects(by);
  if (!known.some(({ id }) => id === projectId))
    throw new PulmuError({
      code: "govern.unknown",
      path: "project",
      value: projectId,
      rule: "no such project",
      hint: "pulmu project list",
    });
  const { engine, estimate: cost } = await weigh(house, spec);
  const book = await bookOf(house.store);
  const jobs = await submitJob(book, spec, { by: by.id, projectId, token, traceparent }, engine.cluster, {
    nowMs: house.now(),
    randomBytes,
  });
  return { jobs, estimate: cost };
}

/** A job that the asker may see; others look as if they were not there. @throws PulmuError `job.unknown` */
export async function jobFor(house: House, by: Principal, id: string): Promise<{ readonly book: JobBook; readonly job: Job }> {
  const book = await bookOf(house.store);
  const job = await book.find(id);
  if (job === undefined || !may(by, "job.read", job.tenantId)) throw new PulmuError({ code: "job.unknown", path: "job", value: id, rule: "no such job", hint: "pulmu job list" }); // prettier-ignore
  return { book, job };
}

/** Asks for the end of a job. False: it was over already. */
export async function cancelFor(house: House, by: Principal, id: string): Promise<boolean> {
  const { book, job } = await jobFor(house, by, id);
  permit(by, "job.submit", job.tenantId);
  return (await book.askCancel([id], by.id, house.now())) > 0;
}

export function visibleJobs(by: Principal): "all" | readonly string[] {
  return visibleTenants(by, "job.read");
}

/** @throws PulmuError `quota.*` when it does not fit with the others */
export async function setQuotaFor(house: House, by: Principal, quota: Quota): Promise<void> {
  permit(by, "quota.manage", undefined);
  const book = await bookOf(house.store);
  const { cluster } = await engineOf(house.store);
  const others = (await book.quotas()).filter(({ groupId }) => groupId !== quota.groupId);
  checkQuotas([...others, quota], { gpus: gpusIn(cluster), powerW: cluster.contractW });
  await book.setQuota(quota, by.id, house.now());
}

/** @throws PulmuError `quota.reservation` when it cannot be kept beside what is promised, `govern.unknown` */
export async function setReservationFor(house: House, by: Principal, reservation: Reservation): Promise<void> {
  permit(by, "quota.manage", undefined);
  const { groupId } = reservation;
  const known = groupId.includes("/") ? await house.identity.projects(by) : await house.identity.tenants(by);
  if (!known.some(({ id }) => id === groupId))
    throw new PulmuError({ code: "govern.unknown", path: "groupId", value: groupId, rule: "no such tenant or project", hint: "pulmu tenant list" }); // prettier-ignore
  const book = await bookOf(house.store);
  const { cluster } = await engineOf(house.store);
  const capacity = { gpus: gpusIn(cluster), powerW: cluster.contractW };
  const [quotas, reservations] = [await book.quotas(), await book.reservations()];
  checkReservation(reservation, { quotas, reservations, capacity, nowMs: house.now() });
  await book.setReservation(reservation, by.id, house.now());
}

/** @throws PulmuError `quota.unknown` */
export async function removeReservationFor(house: House, by: Principal, id: string): Promise<void> {
  permit(by, "quota.manage", undefined);
  if (!(await (await bookOf(house.store)).removeReservation(id, by.id, house.now())))
    throw new PulmuError({ code: "quota.unknown", path: "reservation", value: id, rule: "no such reservation", hint: "pulmu job reserve shows all" }); // prettier-ignore
}

/** Those the asker may see, the first to begin first. */
export async function reservationsFor(house: House, by: Principal): Promise<readonly Reservation[]> {
  const visible = visibleJobs(by);
  const all = await (await bookOf(house.store)).reservations();
  return all
    .filter(({ groupId }) => visible === "all" || visible.includes(groupId.split("/", 1)[0]))
    .toSorted((a, b) => a.fromMs - b.fromMs);
}

function gpusIn({ kinds }: EngineSnapshot["cluster"]): number {
  return kinds.reduce((sum, kind) => sum + kind.gpus * kind.nodes, 0);
}
