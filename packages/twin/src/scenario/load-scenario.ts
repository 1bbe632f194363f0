import { readdirSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import type { Site } from "@pulmu/site";
import { nearest, PulmuError, type Problem } from "@pulmu/units";
import { checkShape, readYaml, readYamlFile, type YamlDocument } from "@pulmu/units/yaml";
import type { FaultRates, Scenario } from "../scenario.ts";
import { defaultFaultRates, noFaultRates } from "./fault-rates.ts";
import { instantMs, momentS, type Moment } from "./moment.ts";
import { unknownReferences } from "./references.ts";
import { ScenarioFile } from "./schema.ts";

export interface ScenarioOptions {
  /** Opens the site file in a phase (undefined = its first): `(file, phase) => loadSite(file, { catalog, phase })`. */
  readonly openSite: (file: string, phase: string | undefined) => Site;
  /** These stand before what the file says. */
  readonly siteFile?: string | undefined;
  readonly phase?: string | undefined;
  readonly seed?: number | undefined;
  readonly durationS?: number | undefined;
}

/** A scenario with the site that it plays on. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  readonly site: Site;
}

/**
 * Reads a scenario file, and with it the site it names.
 * @throws PulmuError with every problem of the file, each with its line; the site file's own problems; `file.*`.
 */
export function loadScenario(file: string, options: ScenarioOptions): LoadedScenario {
  return resolve(readYamlFile(file), options);
}

/** As `loadScenario`, from a text. `file` is named in problems, and its directory is where paths begin. */
export function parseScenario(text: string, file: string, options: ScenarioOptions): LoadedScenario {
  return resolve(readYaml(text, file), options);
}

function resolve(document: YamlDocument, options: ScenarioOptions): LoadedScenario {
  const file = checkShape(ScenarioFile, document, "scenario");
  const directory = dirname(document.file);
  const siteFile = options.siteFile ?? siteFileOf(file.site, directory);
  const site = openSite(document, file, siteFile, options);
  const run = { startMs: instantMs(file.start, site.utcOffsetMin), utcOffsetMin: site.utcOffsetMin };
  const durationS = Math.round(options.durationS ?? file.duration);

  const problems: Problem[] = [...unknownReferences(file, site, document)];
  const within = (path: readonly (string | number)[], moment: Moment, notBeforeS?: number): number => {
    const atS = momentS(moment, run, notBeforeS);
    // a shorter run than the file's, asked for by the user, just does not get there
    if (atS < 0 || atS > file.duration) {
      const rule = atS < 0 ? "this is before the start of the run" : "this is after the end of the run";
      problems.push(document.problem(path, "scenario.time", rule, `the run lasts ${file.duration} s`));
    }
    return atS;
  };
  const faults = file.faults.script.map(({ at, kind, target, repair, count }, i) => ({
    atS: within(["faults", "script", i, "at"], at),
    kind,
    target,
    repairS: repair,
    count,
  }));
  const loadTargets = file.loadTargets.map(({ from, until, feed, limit }, i) => {
    const fromS = within(["loadTargets", i, "from"], from);
    const untilS = momentS(until, run, fromS);
    if (untilS <= fromS) {
      problems.push(document.problem(["loadTargets", i, "until"], "scenario.time", `a load target ends after it begins, at ${fromS} s`));
    }
    return { fromS, untilS, feedTag: feed, limitW: limit };
  });
  if (problems.length > 0) throw new PulmuError(problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)));

  const scenario: Scenario = {
    name: file.name,
    siteFile,
    phaseId: site.phase.id,
    startMs: run.startMs,
    durationS,
    seed: options.seed ?? file.seed,
    traces: Object.entries(file.traces).map(([workload, trace]) => ({
      workload,
      format: trace.format,
      file: trace.file,
      besideScenario: isAbsolute(trace.file) ? trace.file : join(directory, trace.file),
      scale: trace.scale === "auto" ? undefined : trace.scale,
      repeat: trace.repeat,
      shapeByHour: trace.shapeByHour,
    })),
    faultRates: ratesOf(file.faults.rates),
    faults,
    loadTargets,
    bessHoldW: file.bess?.hold ?? Infinity,
  };
  return { scenario, site };
}

/** A bare name is a site of the collection beside the scenarios; anything else is a path from the scenario file. */
function siteFileOf(site: string, directory: string): string {
  if (isAbsolute(site)) return site;
  return /[/\\]|\.ya?ml$/.test(site) ? join(directory, site) : join(directory, "..", "sites", `${site}.yaml`);
}

/** Opens the site; where the scenario names a file or phase that is not there, says so at the scenario's own line. */
function openSite(document: YamlDocument, file: ScenarioFile, siteFile: string, options: ScenarioOptions): Site {
  try {
    return options.openSite(siteFile, options.phase ?? file.phase);
  } catch (error) {
    if (!(error instanceof PulmuError)) throw error;
    if (error.code === "file.missing" && options.siteFile === undefined) {
      const near = nearest(basename(siteFile), siblings(siteFile));
      const hint = near === undefined ? undefined : `did you mean "${join(dirname(siteFile), near)}"?`;
      throw new PulmuError(document.problem(["site"], "scenario.site", `there is no site file ${siteFile}`, hint));
    }
    if (error.code === "site.unknown-phase" && options.phase === undefined) {
      const { hint } = error.problems[0];
      throw new PulmuError(document.problem(["phase"], "scenario.phase", `${siteFile} has no such phase`, hint));
    }
    throw error;
  }
}

function siblings(file: string): readonly string[] {
  try {
    return readdirSync(dirname(file));
  } catch {
    return [];
  }
}

function ratesOf(rates: ScenarioFile["faults"]["rates"]): FaultRates {
  if (rates === "default") return defaultFaultRates;
  if (rates === "none") return noFaultRates;
  const given = Object.entries(rates).flatMap(([kind, rate]) => {
    if (rate === undefined) return [];
    return [[kind, rate === "none" ? noFaultRates.gpu : { mtbfH: rate.mtbf / 3600, repairH: rate.repair / 3600 }]];
  });
  return { ...defaultFaultRates, ...(Object.fromEntries(given) as Partial<FaultRates>) };
}
