/** Loss curves of electrical parts from published efficiencies and loss limits. `node packages/catalog/fit/losses.ts` */
import { efficiencyAt } from "../src/index.ts";
import { report, residual, robustNonNegative, rounded, type Fit } from "./tools.ts";

/**
 * Efficiency at shares of the rated load. The pass marks of 80 PLUS at full load (91 and 92 %) are left out: they are far below what
 * supplies reach there, and racks run their supplies at half load.
 */
const EFFICIENCIES = {
  /** 80 PLUS Titanium, 230 V internal redundant (https://en.wikipedia.org/wiki/80_Plus). */
  titanium: [
    [0.1, 0.9],
    [0.2, 0.94],
    [0.5, 0.96],
  ],
  /** 80 PLUS Ruby, data-centre supplies up to 480 V AC (https://www.techspot.com/news/108077-new-80-plus-ruby-psu-efficiency-rating-exceeds.html). */
  ruby: [
    [0.05, 0.9],
    [0.1, 0.91],
    [0.2, 0.95],
    [0.5, 0.965],
  ],
  /** Transformerless double conversion as makers state it: "up to 97 %" over the upper half, 95 to 96 % in the field at part load. */
  ups: [
    [0.25, 0.955],
    [0.5, 0.968],
    [0.75, 0.97],
    [1, 0.968],
  ],
} as const;

/** Where each curve is used. */
const USES: Readonly<Record<keyof typeof EFFICIENCIES, readonly string[]>> = {
  titanium: ["racks/hgx-h100/psuLoss", "racks/hgx-b200/psuLoss"],
  ruby: ["racks/gb200-nvl72/psuLoss"],
  ups: ["electrical/ups/loss"],
};

/**
 * Transformers by the limits of Commission Regulation (EU) 548/2014, Tier 2, losses as share of the rating:
 * dry type 2,500 kVA, no load 2,790 W and load 19,000 W; large power transformer of 100 MVA and more, peak efficiency 99.770 %
 * with load losses six times those without load (PEI = 1 − 2 √(P0 · Pk) / S).
 */
const DRY_TYPE = { noLoad: 2790 / 2.5e6, quadratic: 19000 / 2.5e6 };
const LOAD_OVER_NO_LOAD = 6;
const LARGE_NO_LOAD = (1 - 0.9977) / (2 * Math.sqrt(LOAD_OVER_NO_LOAD));

export function fitLosses(): Fit {
  const values: Record<string, number> = {};
  const set = (key: string, noLoad: number, linear: number, quadratic: number) => {
    values[`${key}/noLoad`] = rounded(noLoad, 5);
    values[`${key}/linear`] = rounded(linear, 5);
    values[`${key}/quadratic`] = rounded(quadratic, 5);
  };
  const residuals = Object.entries(EFFICIENCIES).map(([name, points]) => {
    const losses = points.map(([load, efficiency]) => load / efficiency - load);
    const [noLoad, linear, quadratic] = robustNonNegative(
      points.map(([load]) => [1, load, load * load]),
      losses,
    );
    for (const key of USES[name as keyof typeof EFFICIENCIES]) set(key, noLoad, linear, quadratic);
    const pairs = points.map(([load, measured]) => ({ model: efficiencyAt({ noLoad, linear, quadratic }, load), measured }));
    return residual(`${name}: efficiency`, pairs);
  });
  set("electrical/transformer-22.9kv/loss", DRY_TYPE.noLoad, 0, DRY_TYPE.quadratic);
  set("electrical/transformer-154kv/loss", LARGE_NO_LOAD, 0, LOAD_OVER_NO_LOAD * LARGE_NO_LOAD);
  return { values, residuals };
}

if (import.meta.main) report(fitLosses());
