import { basename, extname, join } from "node:path";
import { openRun, readReport, type ReportData, type RunFiles, type RunWriter, type Simulation } from "@pulmu/twin";
import { formatDuration, formatEnergy, formatPower } from "@pulmu/units";
import packageJson from "../../package.json" with { type: "json" };
import { EXIT, printJson, type ExitCode } from "../exit.ts";
import { openScenario, type Twin } from "../run/twin.ts";
import { catchStop, type StopSignal } from "../stop-signal.ts";
import { count, fixed, grouped, latency } from "../terminal/format.ts";
import { Progress } from "../terminal/progress.ts";

export interface SimulateOptions {
  readonly data?: string;
  readonly synthetic?: boolean;
  readonly out?: string;
  readonly force?: boolean;
  readonly phase?: string;
  readonly duration?: number;
  readonly seed?: number;
  readonly compare?: string;
  readonly report: boolean;
  readonly series: boolean;
  readonly json?: boolean;
}

/** Others (signals, the progress bar) get a turn this often. */
const TURN_MS = 50;

/**
 * `pulmu simulate SCENARIO`: runs it and writes the results, whole or not at all. Ctrl-C takes everything back.
 * @throws PulmuError for bad input, or when the results cannot be written
 */
export async function simulate(file: string, options: SimulateOptions): Promise<ExitCode> {
  const earlier = options.compare === undefined ? undefined : readReport(options.compare);
  const twin = await openScenario(file, options);
  const { simulation } = twin;
  const stop = catchStop(); // before the first file is made, so that none is left
  const run = openRun(options.out ?? defaultOut(file), simulation, {
    provenance: { pulmuVersion: packageJson.version, command: commandLine(), workloadSource: twin.workloadSource },
    force: options.force ?? false,
    series: options.series,
  });
  const startMs = performance.now();
  const files = await record(simulation, run, stop, options.report ? () => reportRenderer(earlier) : undefined);
  stop.release();
  if (files === undefined) {
    const at = `${formatDuration(simulation.atS)} of ${formatDuration(simulation.scenario.durationS)}`;
    process.stderr.write(`pulmu: stopped at ${at}; nothing was written\n`);
    return EXIT.failed;
  }
  const wallS = (performance.now() - startMs) / 1000;
  if (options.json) printJson(simulation.kpis());
  else process.stdout.write(summary(twin, files, wallS));
  return EXIT.ok;
}

type Renderer = (report: ReportData) => string;

/** Simulates to the end, telling progress, and closes the run; undefined when it was stopped. Whatever goes wrong, no part of it stays. */
async function record(
  simulation: Simulation,
  run: RunWriter,
  stop: StopSignal,
  loadRenderer: (() => Promise<Renderer>) | undefined,
): Promise<RunFiles | undefined> {
  try {
    await runThrough(simulation, run, stop);
    if (!stop.requested) return run.finish(await loadRenderer?.());
  } catch (error) {
    run.abort();
    throw error;
  }
  run.abort();
  return undefined;
}

async function runThrough(simulation: Simulation, run: RunWriter, stop: StopSignal): Promise<void> {
  const { durationS } = simulation.scenario;
  const total = formatDuration(durationS);
  const progress = new Progress(process.stderr, () => performance.now());
  let turnMs = performance.now();
  while (simulation.atS < durationS && !stop.requested) {
    simulation.step();
    run.afterStep();
    if (simulation.atS % 64 !== 0 || performance.now() - turnMs < TURN_MS) continue;
    progress.update(simulation.atS / durationS, `${formatDuration(simulation.atS)} of ${total}`);
    await new Promise((resolve) => setImmediate(resolve));
    turnMs = performance.now();
  }
  progress.done();
}

/** The report's code and its plotting library are read only when a report is drawn. */
async function reportRenderer(earlier: ReportData | undefined): Promise<Renderer> {
  const { renderReport } = await import("../report/render-report.ts");
  return (report) => renderReport(earlier === undefined ? [report] : [earlier, report]);
}

/** `out/sejong-55mw-day-20271124-204107`: a place of its own for each run. */
function defaultOut(scenarioFile: string): string {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  return join("out", `${basename(scenarioFile, extname(scenarioFile))}-${stamp}`);
}

function commandLine(): string {
  return ["pulmu", ...process.argv.slice(2).map((word) => (/^[\w./:=@+-]+$/.test(word) ? word : `'${word}'`))].join(" ");
}

function summary({ simulation, workloadSource }: Twin, { dir, files }: RunFiles, wallS: number): string {
  const { scenario, site } = simulation;
  const kpis = simulation.kpis();
  const lines = [
    [
      "power",
      `peak ${formatPower(kpis.peakPowerW)}, mean ${formatPower(kpis.meanPowerW)} of ${formatPower(site.phase.envelopeW)}; PUE ${fixed(kpis.pue, 3, "")}`,
    ],
    [
      "energy",
      `${formatEnergy(kpis.siteEnergyJ)}: GPUs ${share(kpis.gpuEnergyJ, kpis)}, losses ${share(kpis.lossEnergyJ, kpis)}, cooling ${share(kpis.coolingEnergyJ, kpis)}`,
    ],
    [
      "tokens",
      `${count(kpis.tokensOut)} out, ${count(kpis.trainedTokens)} trained; ${count(kpis.tokensPerSPerMW)} tokens/s/MW, ${fixed(kpis.joulesPerToken, 2, "")} J/token`,
    ],
    [
      "latency",
      `TTFT ${latency(kpis.ttftP50S)} median, ${latency(kpis.ttftP99S)} p99; inter-token ${latency(kpis.itlP50S)}, ${latency(kpis.itlP99S)}`,
    ],
    [
      "work",
      `${grouped(kpis.jobsDone)} jobs done, ${grouped(kpis.jobRestarts)} restarts, goodput ${fixed(kpis.trainingGoodput * 100, 1, " %")}; ${grouped(kpis.faults)} faults`,
    ],
    [
      "cost",
      `₩${grouped(kpis.costKrw)}, ${count(kpis.carbonG / 1e6)} t CO2; ₩${fixed(kpis.krwPerMTokens, 1, "")} and ${fixed(kpis.carbonGPerMTokens, 1, " g")} per million tokens`,
    ],
    ["requests", workloadSource],
    ["hash", kpis.resultHash],
  ];
  const speed = grouped(scenario.durationS / wallS);
  const report = files.find(({ name }) => name === "report.html");
  return [
    `${scenario.name}: ${formatDuration(scenario.durationS)} of ${site.name}, ${site.phase.name}, in ${fixed(wallS, 1, " s")} (${speed} × real time)`,
    ...lines.map(([name, text]) => `  ${name.padEnd(9)} ${text}`),
    `Wrote ${dir}: ${files.map(({ name }) => name).join(", ")}`,
    ...(report === undefined ? [] : [`Open ${join(dir, report.name)} in a browser`]),
    "",
  ].join("\n");
}

function share(energyJ: number, kpis: { readonly siteEnergyJ: number }): string {
  return fixed((100 * energyJ) / kpis.siteEnergyJ, 1, " %");
}
