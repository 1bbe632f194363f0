import type { Site } from "@pulmu/site";
import type { Profile } from "../curves/profiles.ts";
import { gpuCapFor } from "../curves/rack-limit.ts";
import { settingsFor } from "../curves/settings.ts";
import { mixSpeed, shareOfCap } from "../curves/work-mix.ts";
import type { Work } from "../curves/work.ts";

/**
 * How fast each work goes under limits of its racks, relative to no limit, 0…1: a gang as its slowest rack, others as their GPUs do on
 * average. Cost: pieces.
 * @param profileOf what steering knows of each rack's work
 * @param limitW limit of each rack, W at its input
 */
export function workSpeeds(site: Site, works: readonly Work[], profileOf: readonly Profile[], limitW: ArrayLike<number>): Float64Array {
  return Float64Array.from(works, ({ gang, mix, pieces }) => {
    let gpus = 0;
    let done = 0;
    let slowest = 1;
    for (const { rack, gpus: own } of pieces) {
      const { type } = site.racks[rack];
      const accelerator = site.accelerators.get(type.acceleratorId)!;
      const { gpuCapW, clockLimit } = settingsFor(accelerator, profileOf[rack].mix, gpuCapFor(type, accelerator, limitW[rack]));
      const speed = mixSpeed(accelerator, mix, gpuCapW, clockLimit);
      gpus += own;
      done += own * speed;
      slowest = Math.min(slowest, speed);
    }
    return gpus === 0 ? 1 : gang ? slowest : done / gpus;
  });
}

/** How much of the power that slows nothing the GPUs of each work may use under limits of its racks, 0…1, their mean. Cost: pieces. */
export function workPower(site: Site, works: readonly Work[], limitW: ArrayLike<number>): Float64Array {
  return Float64Array.from(works, ({ mix, pieces }) => {
    let gpus = 0;
    let sum = 0;
    for (const { rack, gpus: own } of pieces) {
      const { type } = site.racks[rack];
      const accelerator = site.accelerators.get(type.acceleratorId)!;
      gpus += own;
      sum += own * shareOfCap(accelerator, mix, gpuCapFor(type, accelerator, limitW[rack]));
    }
    return gpus === 0 ? 1 : sum / gpus;
  });
}
