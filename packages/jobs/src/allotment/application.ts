import type { Problem } from "@pulmu/units";
import { z } from "zod";
import { type Call, DATA_CLASSES, SECTORS } from "./call.ts";

const line = z.string().trim().min(1).max(300);

export const applicationSchema = z.strictObject({
  callId: z.string().max(40),
  tenantId: z.string().max(40),
  /** Legal name: the cap holds for it, whatever tenants it has. */
  organisation: line,
  sector: z.enum(SECTORS),
  /** A company young enough for the discount. */
  young: z.boolean().default(false),
  region: line,
  purpose: z.string().trim().min(1).max(4_000),
  gpus: z.int().min(1).max(1_000_000),
  /** Fewer would be of no use. */
  leastGpus: z.int().min(1).max(1_000_000),
  fromMs: z.int(),
  untilMs: z.int(),
  dataClass: z.enum(DATA_CLASSES),
  /** Share of the granted GPU time that the work will use, %. */
  plannedUse: z.int().min(1).max(100),
});

/** What an organisation asks for. */
export type ApplicationForm = z.output<typeof applicationSchema>;

export const APPLICATION_STATES = ["submitted", "withdrawn", "ineligible", "eligible", "granted", "waiting", "rejected"] as const;
export type ApplicationState = (typeof APPLICATION_STATES)[number];

export interface Application extends ApplicationForm {
  readonly id: number;
  readonly state: ApplicationState;
  readonly submittedMs: number;
  /** Why it is ineligible or rejected. */
  readonly reasons: readonly string[];
}

/** Why an application cannot take part in a call; all reasons at once, none for one that can. */
export function ineligibilities(call: Call, application: ApplicationForm & { readonly submittedMs: number }): readonly Problem[] {
  const { sector, gpus, leastGpus, fromMs, untilMs, dataClass, submittedMs } = application;
  const servers = call.gpusPerServer;
  const pool = call.pools.find((one) => one.sector === sector);
  const rules: readonly (readonly [holds: boolean, path: string, value: string, rule: string])[] = [
    [submittedMs >= call.opens && submittedMs < call.closes, "submittedMs", iso(submittedMs), `the call takes applications from ${iso(call.opens)} until ${iso(call.closes)}`], // prettier-ignore
    [pool !== undefined, "sector", sector, `the call is for ${call.pools.map((one) => one.sector).join(", ")}`],
    [gpus % servers === 0, "gpus", `${gpus}`, `whole servers of ${servers} GPUs`],
    [leastGpus % servers === 0 && leastGpus <= gpus, "leastGpus", `${leastGpus}`, `whole servers of ${servers} GPUs, no more than are asked for`], // prettier-ignore
    [leastGpus <= Math.min(call.capPerOrganisation, pool?.gpus ?? Infinity), "leastGpus", `${leastGpus}`, `one organisation gets ${call.capPerOrganisation} at most, the sector has ${pool?.gpus ?? 0}`], // prettier-ignore
    [fromMs >= call.grantsFrom && fromMs < untilMs && untilMs <= call.grantsUntil, "fromMs", `${iso(fromMs)} – ${iso(untilMs)}`, `grants run within ${iso(call.grantsFrom)} – ${iso(call.grantsUntil)}`], // prettier-ignore
    [call.dataClasses.includes(dataClass), "dataClass", dataClass, `the call's machines take data that is ${call.dataClasses.join(", ")}`],
  ];
  return rules.filter(([holds]) => !holds).map(([, path, value, rule]) => ({ code: "allotment.ineligible", path, value, rule }));
}

function iso(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
