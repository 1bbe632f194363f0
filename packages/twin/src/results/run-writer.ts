import type { JobRow, Simulation, TwinEvent } from "../simulation.ts";
import { appendRow, ParquetTable, type Columns } from "./parquet-table.ts";
import { ReportCollector, type RunProvenance } from "./report-collector.ts";
import { REPORT_FILE, type ReportData } from "./report-data.ts";
import { RunDirectory, type RunHost } from "./run-directory.ts";
import { SeriesTables } from "./series-tables.ts";

export interface RunOptions {
  readonly provenance: RunProvenance;
  /** Replace a run that stands at this place. */
  readonly force?: boolean;
  /** False leaves out the time series (site, nodes, racks, services): only totals, jobs, events and the report. */
  readonly series?: boolean;
  /** The machine, unless a test brings its own. */
  readonly host?: RunHost;
}

/** A finished run on disk. */
export interface RunFiles {
  readonly dir: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly report: ReportData;
}

const MINUTE_S = 60;

const JOB_COLUMNS: Columns<JobRow> = [
  ["id", "string"],
  ["workloadId", "string"],
  ["kind", "string"],
  ["tenantId", "string"],
  ["modelId", "string"],
  ["gpus", "int32"],
  ["racks", "int32"],
  ["state", "string"],
  ["submittedS", "double"],
  ["startedS", "double"],
  ["endedS", "double"],
  ["progress", "double"],
  ["restarts", "int32"],
  ["lostS", "double"],
  ["goodput", "double"],
  ["tokens", "double"],
  ["gpuEnergyJ", "double"],
];

const EVENT_COLUMNS: Columns<Omit<TwinEvent, "outage" | "words"> & { readonly atMs: number }> = [
  ["atMs", "timestamp"],
  ["atS", "double"],
  ["kind", "string"],
  ["severity", "string"],
  ["subject", "string"],
  ["text", "string"],
];

/**
 * Writes a run while it is simulated. The directory appears at `finish()`, whole, or never.
 *
 * | file | a row is | columns |
 * |---|---|---|
 * | `site.parquet` | a second | `atMs`, then SITE_SERIES |
 * | `nodes.parquet` | a second | `atMs`, then power at the input of each power node, W, one column per node id |
 * | `racks.parquet` | a rack and minute, at the minute's end | mean and largest power, hottest inlet, mean speed |
 * | `services.parquet` | a service at the end of a minute | as ServiceRow |
 * | `jobs.parquet` | a job | as JobRow |
 * | `events.parquet` | an event | as TwinEvent |
 * | `kpis.json` | the run | as Kpis |
 * | `report.json` | the run | ReportData: what `report.html` is drawn from |
 *
 * Nodes are wide, not long: measured for 150 nodes over 24 h, a long table (time, node, power, load) is twice the size
 * (60 MB against 30 MB) and four times the work, and `UNPIVOT` makes one from the other in a line of SQL.
 *
 * After an error, and after `abort()`, nothing is left on the disk.
 */
export class RunWriter {
  readonly #simulation: Simulation;
  readonly #directory: RunDirectory;
  readonly #provenance: RunProvenance;
  readonly #collector: ReportCollector;
  readonly #series: SeriesTables | undefined;
  readonly #events: ParquetTable;
  #state: "open" | "closed" = "open";

  constructor(outDir: string, simulation: Simulation, options: RunOptions) {
    this.#simulation = simulation;
    this.#provenance = options.provenance;
    this.#collector = new ReportCollector(simulation);
    this.#directory = new RunDirectory(outDir, options);
    [this.#series, this.#events] = this.#orDiscard(() => [
      (options.series ?? true) ? new SeriesTables(this.#directory, simulation) : undefined,
      new ParquetTable(this.#directory.create("events.parquet"), EVENT_COLUMNS),
    ]);
  }

  /**
   * Takes in the second just simulated: call it after each `step()`. Takes the simulation's events.
   * @throws PulmuError `results.*`; the run is then gone from the disk.
   */
  afterStep(): void {
    this.#assertOpen();
    try {
      this.#collector.addSecond();
      this.#series?.addSecond();
      if (this.#simulation.atS % MINUTE_S === 0) this.#endMinute();
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  /**
   * Writes what is left and moves the run to its place.
   * @param html Draws `report.html` from the run's report; without it there is none.
   */
  finish(html?: (report: ReportData) => string): RunFiles {
    this.#assertOpen();
    return this.#orDiscard(() => {
      if (this.#simulation.atS % MINUTE_S !== 0) this.#endMinute();
      this.#series?.close();
      this.#events.close();
      const jobs = new ParquetTable(this.#directory.create("jobs.parquet"), JOB_COLUMNS);
      for (const job of this.#simulation.jobs()) appendRow(jobs, JOB_COLUMNS, job);
      jobs.close();
      const report = this.#collector.report(this.#provenance);
      this.#directory.writeText("kpis.json", `${JSON.stringify(this.#simulation.kpis(), null, 2)}\n`);
      this.#directory.writeText(REPORT_FILE, JSON.stringify(report));
      if (html !== undefined) this.#directory.writeText("report.html", html(report));
      this.#state = "closed";
      return { dir: this.#directory.dir, files: this.#directory.commit(), report };
    });
  }

  /** Takes everything back, as if the run had never been started. */
  abort(): void {
    this.#state = "closed";
    this.#directory.discard();
  }

  #endMinute(): void {
    const { scenario } = this.#simulation;
    const events = this.#simulation.takeEvents();
    const services = this.#simulation.services();
    this.#collector.addEvents(events);
    this.#collector.addServices(services);
    this.#series?.endMinute(services);
    for (const { outage: _, words: _words, ...event } of events)
      appendRow(this.#events, EVENT_COLUMNS, { ...event, atMs: scenario.startMs + event.atS * 1000 });
  }

  #orDiscard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  #assertOpen(): void {
    if (this.#state !== "open") throw new Error("this run is finished or was aborted");
  }
}

/** Starts to write a run of `simulation` to `outDir`. @throws PulmuError `results.*` when the place cannot be had. */
export function openRun(outDir: string, simulation: Simulation, options: RunOptions): RunWriter {
  return new RunWriter(outDir, simulation, options);
}
