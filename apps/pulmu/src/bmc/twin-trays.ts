import { lossW, type Accelerator, type RackType } from "@pulmu/catalog";
import type { Simulation } from "@pulmu/twin";
import type { GpuLimit, Tray } from "./tray.ts";

/** Highest SM clock that trays tell, MHz. The twin knows ratios only: any number will do. */
const MAX_CLOCK_MHZ = 2000;

/**
 * The compute trays of one rack of the twin, for BMCs to be wired to. The twin has one cap for a whole rack: it gets the mean of what
 * its GPUs were told, so that the rack draws what they may together, and the highest of the clock limits.
 */
export function twinTrays(simulation: Simulation, rack: number, accelerator: Accelerator): readonly Tray[] {
  const { type } = simulation.site.racks[rack];
  const none: GpuLimit = { capW: accelerator.tdpW, clockLimit: 1 };
  const told = Array.from({ length: type.trays }, () => new Array<GpuLimit>(type.gpusPerTray).fill(none) as readonly GpuLimit[]);
  const pass = (): void => {
    const all = told.flat();
    const gpuCapW = all.reduce((sum, { capW }) => sum + capW, 0) / all.length;
    const clockLimit = Math.max(...all.map((limit) => limit.clockLimit));
    simulation.setCap({ rack, gpuCapW, clockLimit, expiresAtS: Infinity }); // a BMC knows no lease
  };
  return told.map((_, tray) => ({
    gpus: type.gpusPerTray,
    minCapW: accelerator.minCapW,
    maxCapW: accelerator.tdpW,
    maxClockMHz: MAX_CLOCK_MHZ,
    gpuPowerW: () => gpuPowerW(type, simulation.rackReadingW[rack]),
    apply(limits) {
      told[tray] = limits;
      pass();
    },
  }));
}

/** Power of one GPU, from what the rack's meter says: less shelf loss, switches and idle trays, shared out evenly. */
function gpuPowerW(type: RackType, rackW: number): number {
  const dcW = rackW - lossW(type.psuLoss, type.psuRatingW, rackW) - type.rackOverheadW - type.trays * type.trayIdleW;
  return Math.max(0, dcW / (type.trays * type.gpusPerTray));
}
