import { loadCatalog } from "@pulmu/catalog";
import { checkSite, expandSite, loadSite, oneLineSvg, readSiteText, showTree, type CheckReport, type Site } from "@pulmu/site";
import { formatPower, formatProblem } from "@pulmu/units";
import { EXIT, printJson, type ExitCode } from "../exit.ts";
import { siteSummary } from "../server/site-summary.ts";
import { createStyle, wantsColour } from "../terminal/style.ts";
import { writeOutput } from "../write-output.ts";

interface Checked {
  readonly site: Site;
  readonly report: CheckReport;
}

function load(file: string, phase: string | undefined): Checked {
  const catalog = loadCatalog();
  const site = loadSite(file, { catalog, ...(phase !== undefined && { phase }) });
  return { site, report: checkSite(site, catalog) };
}

/**
 * `pulmu site check FILE`: problems and warnings of one phase or of each.
 * @throws PulmuError when the file cannot be read as a site
 */
export function check(file: string, options: { readonly phase?: string; readonly allPhases?: boolean; readonly json?: boolean }): ExitCode {
  const first = load(file, options.phase);
  const others = options.allPhases ? first.site.phases.filter(({ id }) => id !== first.site.phase.id) : [];
  const phases = [first, ...others.map(({ id }) => load(file, id))];
  if (options.json) {
    const reports = phases.map(({ site, report }) => ({ site: site.id, phase: site.phase.id, ...report }));
    printJson(options.allPhases ? reports : reports[0]);
  } else {
    for (const { site, report } of phases) printCheck(site, report);
  }
  return phases.every(({ report }) => report.problems.length === 0) ? EXIT.ok : EXIT.failed;
}

function printCheck(site: Site, { problems, warnings }: CheckReport): void {
  const style = createStyle(wantsColour(process.stdout, process.env));
  const gpus = site.racks.reduce((sum, rack) => sum + rack.type.trays * rack.type.gpusPerTray, 0);
  const size = `${formatPower(site.phase.envelopeW)}, ${site.racks.length} racks, ${gpus} GPUs, ${site.nodes.length} power nodes`;
  const verdict = problems.length === 0 ? style.green("ok") : style.red(`${problems.length} problem${problems.length === 1 ? "" : "s"}`);
  process.stdout.write(`${style.bold(`${site.id} ${site.phase.id}`)} (${size}): ${verdict}\n`);
  for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`);
  for (const warning of warnings) process.stdout.write(`${style.yellow("warning")} ${formatProblem(warning)}\n`);
}

/**
 * `pulmu site show FILE`: the power tree and halls.
 * @throws PulmuError when the file cannot be read as a site, or the drawing cannot be written
 */
export function show(file: string, options: { readonly phase?: string; readonly svg?: string; readonly json?: boolean }): ExitCode {
  const { site, report } = load(file, options.phase);
  if (options.svg !== undefined) writeOutput(options.svg, oneLineSvg(site, report));
  if (options.json) printJson(siteSummary(site));
  else if (options.svg !== undefined) process.stdout.write(`Wrote ${options.svg}\n`);
  else {
    const { stdout, env } = process;
    process.stdout.write(showTree(site, report, { width: stdout.columns ?? 120, colour: wantsColour(stdout, env) }));
  }
  return EXIT.ok;
}

/**
 * `pulmu site expand FILE`: the file with its generators written out.
 * @throws PulmuError when the file is not YAML that could be a site
 */
export function expand(file: string): ExitCode {
  process.stdout.write(expandSite(readSiteText(file), file));
  return EXIT.ok;
}
