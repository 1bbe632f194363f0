/**
 * How training's power swings look from the grid, and what batteries and rack storage take out of them: once for a gang of 30 MW by the
 * hundredth of a second, and once for the 55 MW twin by its own second, which is all that a loop at 1 s can see. `--minutes N`.
 */
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { CRITICAL_BAND, reachHz, residualShare, Smoother, swingOf, type GridLimits, type SmoothingStage } from "@pulmu/power";
import { loadSite } from "@pulmu/site";
import { SERIES } from "@pulmu/twin";
import { catalog, openPlant } from "./grid-events/plant.ts";

/** As a utility may ask; ours: each grid has its own. Stores answer at once, by their own meters. */
const LIMITS: GridLimits = { upWPerS: 1e6, downWPerS: 1e6, rangeW: 5e6, windowS: 60 };
/** The site's battery; and storage in the power shelves of 250 racks, as an assumption of 80 kJ and 40 kW each. */
const BATTERY: SmoothingStage = { powerW: 10e6, energyJ: 72e9, roundTripEfficiency: 0.87, timeS: 120 };
const SHELVES: SmoothingStage = { powerW: 10e6, energyJ: 20e6, roundTripEfficiency: 0.95, timeS: 3 };

export async function run(options: readonly string[] = []): Promise<void> {
  const { values } = parseArgs({ args: [...options], options: { minutes: { type: "string", default: "60" } } });
  print(`limits: ${LIMITS.upWPerS / 1e6} MW/s up and down, ${LIMITS.rangeW / 1e6} MW within ${LIMITS.windowS} s\n`);
  const intervalS = 0.02;
  const gang = Float64Array.from({ length: 240 / intervalS }, (_, i) => ((i * intervalS) % 2 < 1.6 ? 30e6 : 18e6));
  table("a gang of 30 MW that waits a fifth of every 2 s step, by 20 ms", gang, intervalS, [
    ["nothing", []],
    ["battery alone", [BATTERY]],
    ["shelves and battery", [SHELVES, BATTERY]],
  ]);
  const site = loadSite(join(dirname(import.meta.dirname), "sites", "gak-sejong.yaml"), { catalog, phase: "p55" });
  const twin = openPlant(site, Date.UTC(2027, 7, 11, 5), 86_400, 1);
  for (let s = 0; s < 900; s++) twin.step();
  const siteW = Float64Array.from({ length: Number(values.minutes) * 60 }, () => {
    twin.step();
    return twin.row[SERIES.sitePowerW];
  });
  table("the 55 MW twin, by its seconds", siteW, 1, [
    ["nothing", []],
    ["battery alone", [BATTERY]],
  ]);
  print(
    `A loop at 1 s answers a second late: it leaves ${(residualShare(CRITICAL_BAND.fromHz, 1) * 100).toFixed(0)} % of a swing at ${CRITICAL_BAND.fromHz} Hz, and must keep off those above ${reachHz(1).toFixed(3)} Hz. Up to ${CRITICAL_BAND.untilHz} Hz is for what acts where the swing is.`,
  );
}

function table(
  name: string,
  loadW: Float64Array,
  intervalS: number,
  ways: readonly (readonly [name: string, stages: readonly SmoothingStage[]])[],
): void {
  print(name);
  print(
    "                        swing in band, kW rms   share of swing   steepest MW/s   widest MW in a minute   seconds beyond the limits",
  );
  for (const [way, stages] of ways) {
    const smoother = new Smoother(LIMITS, stages);
    let beyond = 0;
    const gridW = loadW.map((w) => {
      const { gridW: power, rampOverWPerS, rangeOverW } = smoother.step(w, intervalS);
      if (rampOverWPerS > 0 || rangeOverW > 0) beyond++;
      return power;
    });
    const settled = gridW.subarray(gridW.length >> 1);
    const { bandRmsW, bandShare } = swingOf(settled, intervalS);
    let steepest = 0;
    for (let i = 1; i < gridW.length; i++) steepest = Math.max(steepest, Math.abs(gridW[i] - gridW[i - 1]) / intervalS);
    let widest = 0;
    const window = Math.round(LIMITS.windowS / intervalS);
    for (let i = 0; i + window <= gridW.length; i += window) {
      const part = gridW.subarray(i, i + window);
      widest = Math.max(widest, part.reduce((high, w) => Math.max(high, w), 0) - part.reduce((low, w) => Math.min(low, w), Infinity));
    }
    print(
      `  ${way.padEnd(22)} ${(bandRmsW / 1e3).toFixed(1).padStart(20)} ${`${(bandShare * 100).toFixed(0)} %`.padStart(16)} ${(steepest / 1e6).toFixed(2).padStart(15)} ` +
        `${(widest / 1e6).toFixed(2).padStart(23)} ${(beyond * intervalS).toFixed(1).padStart(27)}`,
    );
  }
  print("");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
