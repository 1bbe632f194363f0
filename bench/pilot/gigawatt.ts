import { gpuCapFor, mixSpeed, type WorkMix } from "@pulmu/power";
import { catalog } from "./jobs.ts";

/**
 * GPUs in a gigawatt without and with power-limited racks, as NVIDIA's dashboard has them
 * (https://orply.com/articles/nvidia/nvidia-dsx-powers-gigawatt-scale-ai-factories-at-maximum-efficiency-5484e2f4).
 */
const GPUS = { free: 274_968, limited: 399_096 };

const MIXES: readonly (readonly [name: string, mix: WorkMix])[] = [
  ["training", { training: 1 }],
  ["prefill", { prefill: 1 }],
  ["decode", { decode: 1 }],
  ["chat: a fifth prefill", { prefill: 0.2, decode: 0.8 }],
  ["factory: half training, half chat", { training: 0.5, prefill: 0.1, decode: 0.4 }],
  ["world models", { simulation: 1 }],
];

/**
 * What more, power-limited racks are worth at a gigawatt: 45 % more of them, each at the speed that its share of the power allows. All
 * else in the site is taken to grow with the rack, so that a rack's limit is the same share of its nameplate as its share of the site.
 */
export function gigawatt(): string {
  const type = catalog.racks.get("vr-nvl72-maxp")!;
  const accelerator = catalog.accelerators.get(type.acceleratorId)!;
  const count = GPUS.limited / GPUS.free;
  const limitW = type.nameplateW / count;
  const capW = gpuCapFor(type, accelerator, limitW);
  const rows = MIXES.map(([name, mix]) => {
    const full = mixSpeed(accelerator, mix, gpuCapFor(type, accelerator, type.nameplateW));
    const speed = mixSpeed(accelerator, mix, capW) / full;
    const percent = (share: number) => `${((share - 1) * 100).toFixed(1)} %`;
    return `${name.padEnd(36)} ${(speed * 100).toFixed(1).padStart(8)} % ${percent(count * speed).padStart(12)}`;
  });
  return [
    `A gigawatt of Vera Rubin: ${GPUS.free.toLocaleString("en")} GPUs at ${(type.nameplateW / 1e3).toFixed(0)} kW a rack, or ${GPUS.limited.toLocaleString("en")} (+${((count - 1) * 100).toFixed(1)} %) held to ${(limitW / 1e3).toFixed(0)} kW, ${capW} W a GPU of ${accelerator.tdpW}`,
    `${"all of it does".padEnd(36)} ${"speed".padStart(10)} ${"tokens".padStart(12)}`,
    ...rows,
    "NVIDIA's own figures: 45.1 % more GPUs, 33 % more revenue, so 91.5 % of the speed. Rubin's power curves are derived, not measured.",
  ].join("\n");
}
