import { SITE_SERIES } from "../series.ts";
import type { ServiceRow, Simulation } from "../simulation.ts";
import { appendRow, ParquetTable, type Column, type Columns } from "./parquet-table.ts";
import type { RunDirectory } from "./run-directory.ts";

interface RackMinute {
  readonly atMs: number;
  readonly rack: string;
  readonly meanPowerW: number;
  readonly maxPowerW: number;
  readonly maxInletC: number;
  readonly meanSpeed: number;
}

const RACK_COLUMNS: Columns<RackMinute> = [
  ["atMs", "timestamp"],
  ["rack", "string"],
  ["meanPowerW", "float"],
  ["maxPowerW", "float"],
  ["maxInletC", "float"],
  ["meanSpeed", "float"],
];

const SERVICE_COLUMNS: Columns<ServiceRow & { readonly atMs: number }> = [
  ["atMs", "timestamp"],
  ["id", "string"],
  ["tenantId", "string"],
  ["modelId", "string"],
  ["serviceClass", "string"],
  ["gpus", "int32"],
  ["replicas", "int32"],
  ["requestsPerS", "double"],
  ["tokensPerS", "double"],
  ["batch", "double"],
  ["kvShare", "double"],
  ["queued", "double"],
  ["ttftP50S", "double"],
  ["ttftP99S", "double"],
  ["itlP50S", "double"],
  ["itlP99S", "double"],
  ["gpuPowerW", "double"],
];

/** The time series of a run: `site`, `nodes`, `racks` and `services`.parquet. */
export class SeriesTables {
  readonly #simulation: Simulation;
  readonly #site: ParquetTable;
  readonly #nodes: ParquetTable;
  readonly #racks: ParquetTable;
  readonly #services: ParquetTable;
  readonly #siteRow: Float64Array;
  readonly #nodeRow: Float64Array;
  readonly #powerSum: Float64Array;
  readonly #powerMax: Float64Array;
  readonly #inletMax: Float64Array;
  readonly #speedSum: Float64Array;
  #seconds = 0;

  constructor(directory: RunDirectory, simulation: Simulation) {
    const { nodes, racks } = simulation.site;
    const at: Column = ["atMs", "timestamp"];
    this.#simulation = simulation;
    const siteColumns = SITE_SERIES.map(([name]): Column => [name, "double"]);
    this.#site = new ParquetTable(directory.create("site.parquet"), [at, ...siteColumns]);
    const nodeColumns = nodes.map(({ id }): Column => [id, "float"]);
    this.#nodes = new ParquetTable(directory.create("nodes.parquet"), [at, ...nodeColumns]);
    this.#racks = new ParquetTable(directory.create("racks.parquet"), RACK_COLUMNS);
    this.#services = new ParquetTable(directory.create("services.parquet"), SERVICE_COLUMNS);
    this.#siteRow = new Float64Array(1 + SITE_SERIES.length);
    this.#nodeRow = new Float64Array(1 + nodes.length);
    this.#powerSum = new Float64Array(racks.length);
    this.#powerMax = new Float64Array(racks.length);
    this.#inletMax = new Float64Array(racks.length).fill(-Infinity);
    this.#speedSum = new Float64Array(racks.length);
  }

  /** O(series + nodes + racks), no allocation. */
  addSecond(): void {
    const { atMs, row, nodePowerW, rackPowerW, rackInletC, rackSpeed } = this.#simulation;
    this.#siteRow[0] = atMs;
    this.#siteRow.set(row, 1);
    this.#site.append(this.#siteRow);
    this.#nodeRow[0] = atMs;
    this.#nodeRow.set(nodePowerW, 1);
    this.#nodes.append(this.#nodeRow);
    const [powerSum, powerMax, inletMax, speedSum] = [this.#powerSum, this.#powerMax, this.#inletMax, this.#speedSum];
    for (let i = 0; i < rackPowerW.length; i++) {
      powerSum[i] += rackPowerW[i];
      if (rackPowerW[i] > powerMax[i]) powerMax[i] = rackPowerW[i];
      if (rackInletC[i] > inletMax[i]) inletMax[i] = rackInletC[i];
      speedSum[i] += rackSpeed[i];
    }
    this.#seconds++;
  }

  endMinute(services: readonly ServiceRow[]): void {
    const { atMs, site } = this.#simulation;
    const seconds = this.#seconds;
    site.racks.forEach(({ id }, i) => {
      this.#racks.append([atMs, id, this.#powerSum[i] / seconds, this.#powerMax[i], this.#inletMax[i], this.#speedSum[i] / seconds]);
    });
    for (const service of services) appendRow(this.#services, SERVICE_COLUMNS, { ...service, atMs });
    this.#powerSum.fill(0);
    this.#powerMax.fill(0);
    this.#inletMax.fill(-Infinity);
    this.#speedSum.fill(0);
    this.#seconds = 0;
  }

  close(): void {
    for (const table of [this.#site, this.#nodes, this.#racks, this.#services]) table.close();
  }
}
