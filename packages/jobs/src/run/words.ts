import { formatPower } from "@pulmu/units";
import type { Job } from "../book/job.ts";
import { deadlineIsNear } from "../book/job-times.ts";
import type { Why } from "../quota/decision.ts";
import type { PowerState } from "./power-source.ts";

/** The chain behind the jobs' budget: grid event → envelope → budget. "" where there is none. */
export function chainOf({ budgetW, cause }: PowerState): string {
  if (budgetW === Infinity) return "";
  return `${cause === undefined ? "the envelope" : cause.text} → jobs may draw ${formatPower(budgetW)}`;
}

/** Why a job waits, in one line. @param reserved what is kept for others now */
export function waitReason(why: Why, job: Job, power: PowerState, drawnW: number, reserved: string): string {
  const need = `${job.gpus} GPUs`;
  switch (why) {
    case "power":
      return `waits for power: ${chainOf(power)}, ${formatPower(drawnW)} are drawn → needs ${formatPower(job.powerW)}`;
    case "gpus":
      return `waits for ${need}: not so many are free`;
    case "one-rack":
      return `waits for ${job.spec.nodes} free nodes in one ${job.spec.topology}`;
    case "limit-gpus":
      return `waits: ${job.projectId} or its tenant is at its limit of GPUs`;
    case "limit-power":
      return `waits: ${job.projectId} or its tenant is at its limit of power`;
    case "limit-gpu-hours":
      return `waits: ${job.projectId} or its tenant has used this month's GPU-hours`;
    case "reserved":
      return `waits: what is free is reserved: ${reserved}`;
    case "passed":
      return "waits behind one that has waited longer";
    case "queue":
      return `waits behind others of ${job.projectId}`;
    case "":
      return "starts next";
  }
}

/** `; its deadline, 2026-12-01T09:00:00+09:00, is near`; "" = it is not. */
export function hurryOf(job: Job, nowMs: number): string {
  return deadlineIsNear(job, nowMs) ? `; its deadline, ${job.spec.deadline}, is near` : "";
}

/** `75 %`; `all`. */
export function shareOf({ share }: Pick<Job, "share">): string {
  return share < 1 ? `${Math.round(share * 100)} %` : "all";
}

const FOR_POWER = "paused for power";

/** It waits because power was taken away, not because others had a right to its place. */
export function gaveWayToPower({ state, reason }: Pick<Job, "state" | "reason">): boolean {
  return state === "paused" && reason.startsWith(FOR_POWER);
}

export function pauseReason(kind: "power" | "guarantee", power: PowerState, forWhom: Job | undefined): string {
  if (kind === "power") return `${FOR_POWER}: ${chainOf(power)}`;
  return `paused for ${forWhom?.projectId ?? "a guarantee"}: what it is guaranteed, or has reserved, was not free${forWhom === undefined ? "" : ` for ${forWhom.id}`}`;
}
