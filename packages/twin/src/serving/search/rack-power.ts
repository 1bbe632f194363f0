import { lossW, type Accelerator, type RackType } from "@pulmu/catalog";

/**
 * Power at the rack's input per GPU, W, for a mean power of its GPUs: the GPU's share of trays (between idle and busy as the GPU is
 * between idle and TDP), of switches and management, and of the power supplies' losses.
 */
export function rackInputW(rack: RackType, accelerator: Accelerator, gpuPowerW: number): number {
  const gpus = rack.trays * rack.gpusPerTray;
  const busy = Math.min(1, Math.max(0, (gpuPowerW - accelerator.idleW) / (accelerator.tdpW - accelerator.idleW)));
  const trayW = rack.trayIdleW + (rack.trayBusyW - rack.trayIdleW) * busy;
  const outputW = gpus * gpuPowerW + rack.trays * trayW + rack.rackOverheadW;
  return (outputW + lossW(rack.psuLoss, rack.psuRatingW, outputW)) / gpus;
}
