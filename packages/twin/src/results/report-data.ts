import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { PulmuError } from "@pulmu/units";
import { z } from "zod";

/** Name of the file in a run's directory. */
export const REPORT_FILE = "report.json";
/** A report that was written by Pulmu stays under 1 MB; a larger file is not one. */
const MAX_REPORT_BYTES = 2_000_000;

const text = z.string().max(2000);
const value = z.number().nullable();
const series = z.array(value).max(2000).readonly();

const reportShape = z
  .object({
    format: z.literal("pulmu-report/v1"),
    /** What was run. Times in epoch ms and s; `utcOffsetMin` gives the site's clock. */
    run: z
      .object({
        scenario: text,
        siteName: text,
        siteFile: text,
        phaseName: text,
        phaseDate: text,
        timezone: text,
        utcOffsetMin: z.number(),
        startMs: z.number(),
        durationS: z.number().positive(),
        seed: z.number(),
        envelopeW: z.number(),
      })
      .readonly(),
    /** Where the run and its numbers come from. */
    provenance: z
      .object({
        pulmuVersion: text,
        command: text,
        /** Where requests come from: the trace and its scaling, or the fitted synthetic workload. */
        workloadSource: text,
        assumptions: z.array(text).max(200).readonly(),
      })
      .readonly(),
    /** As in kpis.json; null where there is no such number. */
    kpis: z.record(z.string(), z.union([z.number(), z.string(), z.null()])).readonly(),
    /** Length of one bucket of `mean` and `max`, s. */
    bucketS: z.number().positive(),
    /** Mean of each site series over each bucket, by its name in SITE_SERIES; null where it had no value. */
    mean: z.record(z.string(), series).readonly(),
    /** Largest value of some of them. */
    max: z.record(z.string(), series).readonly(),
    /** The largest jobs, in order of their start. Times in s since the start of the run; null = not yet. */
    jobs: z
      .array(
        z
          .object({
            id: text,
            kind: z.enum(["training", "tuning", "batch", "simulation"]),
            tenantId: text,
            modelId: text,
            gpus: z.number(),
            state: z.enum(["waiting", "running", "restarting", "done"]),
            submittedS: z.number(),
            startedS: value,
            endedS: value,
            progress: z.number(),
            restarts: z.number(),
            goodput: value,
            /** When it failed. */
            failedAtS: z.array(z.number()).max(100).readonly(),
          })
          .readonly(),
      )
      .max(500)
      .readonly(),
    jobCount: z.number(),
    /** Means over the run, and the worst minute's 99th percentile of the time to first token. */
    services: z
      .array(
        z
          .object({
            id: text,
            tenantId: text,
            modelId: text,
            serviceClass: text,
            gpus: z.number(),
            requestsPerS: value,
            tokensPerS: value,
            ttftP50S: value,
            ttftP99S: value,
            itlP50S: value,
            sloTtftS: value,
            sloItlS: value,
          })
          .readonly(),
      )
      .max(200)
      .readonly(),
    /** The most loaded power nodes, by peak load as share of rating. */
    nodes: z
      .array(
        z
          .object({
            id: text,
            kind: text,
            ratingW: z.number(),
            peakPowerW: z.number(),
            peakLoad: z.number(),
            meanLoad: z.number(),
          })
          .readonly(),
      )
      .max(50)
      .readonly(),
    nodeCount: z.number(),
    events: z
      .array(
        z
          .object({
            atS: z.number(),
            kind: text,
            severity: z.enum(["info", "warning", "critical"]),
            subject: text,
            text,
          })
          .readonly(),
      )
      .max(500)
      .readonly(),
    eventCount: z.number(),
  })
  .readonly();

/** What a report of one run is drawn from: JSON, under 1 MB however long the run and large the site. */
export type ReportData = z.infer<typeof reportShape>;

/**
 * Reads the report of an earlier run, to compare with.
 * @throws PulmuError `results.no-report` or `results.bad-report` naming the file.
 */
export function readReport(runDir: string): ReportData {
  const file = join(runDir, REPORT_FILE);
  const hint = "name a directory that `pulmu simulate` wrote";
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw new PulmuError({ code: "results.no-report", file, rule: "there is no run here", hint });
  const bad = (rule: string, path = ""): PulmuError => new PulmuError({ code: "results.bad-report", file, path, rule, hint });
  if (size > MAX_REPORT_BYTES) throw bad(`${size} bytes is more than any report has (${MAX_REPORT_BYTES})`);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw bad(`not a report: ${(error as Error).message}`);
  }
  const parsed = reportShape.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw bad(`not a report of this version: ${issue.message}`, issue.path.join("."));
}
