import { SERIES, type Kpis, type SiteSeriesName } from "@pulmu/twin";

const J_PER_KWH = 3.6e6;

/** What adding up a series second by second gives. */
const SUMS = [
  ["siteEnergyJ", "sitePowerW"],
  ["itEnergyJ", "itPowerW"],
  ["gpuEnergyJ", "gpuPowerW"],
  ["lossEnergyJ", "lossPowerW"],
  ["coolingEnergyJ", "coolingPowerW"],
  ["facilityEnergyJ", "facilityPowerW"],
  ["bessEnergyJ", "bessPowerW"],
  ["tokensOut", "tokensPerS"],
  ["tokensIn", "promptTokensPerS"],
  ["trainedTokens", "trainedTokensPerS"],
  ["requests", "requestsPerS"],
] as const satisfies readonly (readonly [keyof Kpis, SiteSeriesName])[];

type Observed = Pick<
  Kpis,
  | (typeof SUMS)[number][0]
  | "durationS"
  | "pue"
  | "peakPowerW"
  | "meanPowerW"
  | "overEnvelopeS"
  | "overTargetS"
  | "joulesPerToken"
  | "tokensPerSPerMW"
  | "costKrw"
  | "carbonG"
  | "krwPerMTokens"
  | "carbonGPerMTokens"
>;

/** Totals of what was read of a plant since the first second in which its power was known. A second without a reading adds nothing. */
export class ObservedTotals {
  readonly #sums = new Float64Array(SUMS.length);
  #seconds = 0;
  #peakW = 0;
  #overEnvelopeS = 0;
  #overTargetS = 0;
  #tokenWorkJ = 0;
  #costKrw = 0;
  #carbonG = 0;

  /** Takes in one second. */
  add(row: Float64Array): void {
    const siteW = row[SERIES.sitePowerW];
    if (Number.isNaN(siteW)) return;
    this.#seconds++;
    for (let i = 0; i < SUMS.length; i++) this.#sums[i] += known(row[SERIES[SUMS[i][1]]]);
    this.#peakW = Math.max(this.#peakW, siteW);
    if (siteW > row[SERIES.envelopeW]) this.#overEnvelopeS++;
    if (siteW > row[SERIES.targetW]) this.#overTargetS++;
    this.#tokenWorkJ += known(row[SERIES.joulesPerToken] * row[SERIES.tokensPerS]);
    this.#costKrw += (siteW / J_PER_KWH) * known(row[SERIES.priceKrwPerKWh]);
    this.#carbonG += (siteW / J_PER_KWH) * known(row[SERIES.carbonGPerKWh]);
  }

  get totals(): Observed {
    const sums = Object.fromEntries(SUMS.map(([name], i) => [name, this.#sums[i]])) as Record<(typeof SUMS)[number][0], number>;
    const { siteEnergyJ, itEnergyJ, bessEnergyJ, tokensOut } = sums;
    return {
      ...sums,
      durationS: this.#seconds,
      pue: (siteEnergyJ - bessEnergyJ) / itEnergyJ,
      peakPowerW: this.#peakW,
      meanPowerW: siteEnergyJ / this.#seconds,
      overEnvelopeS: this.#overEnvelopeS,
      overTargetS: this.#overTargetS,
      joulesPerToken: this.#tokenWorkJ / tokensOut,
      tokensPerSPerMW: tokensOut / (siteEnergyJ / 1e6),
      costKrw: this.#costKrw,
      carbonG: this.#carbonG,
      krwPerMTokens: (this.#costKrw / tokensOut) * 1e6,
      carbonGPerMTokens: (this.#carbonG / tokensOut) * 1e6,
    };
  }
}

function known(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}
