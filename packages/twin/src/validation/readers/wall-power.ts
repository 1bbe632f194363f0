import { type Accelerator, type Catalog, lossW, type ModelFacts, type RackType } from "@pulmu/catalog";
import { bestAtLimit, type Scenario } from "./mlperf-inference.ts";
import { knownModel } from "../models.ts";
import { quantile } from "../errors.ts";
import { parseTable } from "./table.ts";

/** A server's wall power over a benchmark run, one reading a second (MLPerf Inference power logs). */
export interface WallRun {
  readonly name: string;
  readonly model: ModelFacts;
  readonly chip: Accelerator;
  readonly gpus: number;
  readonly scenario: Scenario;
  /** Lowest reading: before the load, W. */
  readonly standingW: number;
  /** Mean while under load, W. */
  readonly measuredW: number;
  predictW(): number | undefined;
}

/**
 * What CPUs, memory, network and fans draw more under load than standing by, for a server of 8 GPUs, W. Fitted to the Llama-3.1-405B
 * Offline run of the SR780a; what they draw standing by is each log's lowest reading.
 */
const BUSY_RISE_W = 700;

/** Wall power of a server: GPUs and the rest, through its power supplies. `rack` tells the supplies; its trays are servers. */
function wallW(rack: RackType, loadW: number): number {
  return loadW + lossW(rack.psuLoss, rack.psuRatingW / rack.trays, loadW);
}

/** What the supplies deliver at a wall power: the inverse, by iteration (losses are a few percent). */
function deliveredW(rack: RackType, atWallW: number): number {
  let loadW = atWallW;
  for (let i = 0; i < 20; i++) loadW = atWallW - lossW(rack.psuLoss, rack.psuRatingW / rack.trays, loadW);
  return loadW;
}

/**
 * Reads one log, named `<system>__<model>__<scenario>.csv`, the system holding the chip and its number (`B200SXMx8`). Under load is from the
 * first to the last reading above half way between standing by and the 95th percentile. Undefined where the name tells no language model.
 */
export function readWallRun(name: string, text: string, catalog: Catalog): WallRun | undefined {
  const [system, modelName, scenarioName] = name.replace(/\.csv(\.gz)?$/, "").split("__");
  const ids = [...catalog.accelerators.keys()].sort((a, b) => b.length - a.length);
  const chip = catalog.accelerators.get(ids.find((id) => system.toLowerCase().includes(id)) ?? "");
  const rack = chip === undefined ? undefined : catalog.racks.get(`hgx-${chip.id}`);
  const model = modelName === undefined ? undefined : knownModel(catalog, modelName.replace(/-99(\.9)?$/, ""));
  const scenario = scenarioName?.toLowerCase();
  if (chip === undefined || rack === undefined || model === undefined) return undefined;
  if (scenario !== "offline" && scenario !== "server" && scenario !== "interactive") return undefined;
  const gpus = Number(/x(\d+)/i.exec(system)?.[1] ?? 8);

  const readings = parseTable(text)
    .map((row) => Number(row.server_wall_W))
    .filter((watts) => watts > 0);
  const standingW = quantile(readings, 0);
  const half = (standingW + quantile(readings, 0.95)) / 2;
  const loaded = readings.slice(
    readings.findIndex((watts) => watts > half),
    readings.findLastIndex((watts) => watts > half) + 1,
  );
  return {
    name,
    model,
    chip,
    gpus,
    scenario,
    standingW,
    measuredW: loaded.reduce((sum, watts) => sum + watts, 0) / loaded.length,
    predictW() {
      const weights = chip.flopsPerS.fp4 === undefined ? "fp8" : "fp4";
      const gpuPowerW = bestAtLimit(model, chip, gpus, weights, scenario)?.gpuPowerW;
      if (gpuPowerW === undefined) return undefined;
      const standingRestW = deliveredW(rack, standingW) - gpus * chip.idleW;
      return wallW(rack, gpus * gpuPowerW + standingRestW + BUSY_RISE_W * (gpus / 8));
    },
  };
}
