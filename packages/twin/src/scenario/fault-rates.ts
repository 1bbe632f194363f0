import type { FaultRates } from "../scenario.ts";

/**
 * How often things break, where a scenario does not say otherwise.
 *
 * GPU, tray and network come from Llama 3's pre-training on 16,384 H100 (2,048 servers) over 54 days, 21.2 M GPU-hours with 419
 * unplanned interruptions (A. Grattafiori et al., "The Llama 3 Herd of Models", arXiv 2407.21783, table 5). All of them together are
 * one in 50,700 GPU-hours, or 3.8 per 1,000 8-GPU server-days; Meta's RSC clusters had 6.5 and 2.3 (A. Kokolis et al.,
 * arXiv 2410.21680). Repair of a tray in 1 to 4 h without draining its rack is an operators' figure, not a published one.
 */
export const defaultFaultRates: FaultRates = {
  // 148 GPU, 72 HBM, 19 SRAM, 17 system processor, 6 silent corruption, 6 thermal and sensor: 268 in 21.2 M GPU-hours
  gpu: { mtbfH: 79_000, repairH: 4 },
  // 32 host maintenance, 7 NIC, 3 SSD, 3 power supply, 2 each chassis, I/O board, CPU, memory: 53 in 2.65 M server-hours; a tray of
  // 4 GPUs is taken for half a server
  tray: { mtbfH: 100_000, repairH: 4 },
  // 35 switch and cable: one in 607,000 GPU-hours; a rack of 72 GPUs has as many links as that many GPUs
  network: { mtbfH: 8_400, repairH: 0.5 },
  // Guesses of the usual size for pumps, and for UPS modules and transformers together; no published fleet figure was at hand
  cduUnit: { mtbfH: 50_000, repairH: 8 },
  powerUnit: { mtbfH: 250_000, repairH: 12 },
  // Guess: a transmission-level circuit is lost about once in five years
  feed: { mtbfH: 43_800, repairH: 1 },
};

const never = { mtbfH: 0, repairH: 0 };

/** Nothing breaks but by script. */
export const noFaultRates: FaultRates = { gpu: never, tray: never, cduUnit: never, powerUnit: never, feed: never, network: never };
