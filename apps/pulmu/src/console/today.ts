import { SERIES } from "@pulmu/twin";

const DAY_MS = 86_400_000;
const J_PER_KWH = 3.6e6;

/** What was made and spent since the day began at the site, or since the factory was started if that was later. */
export interface TodaySums {
  readonly sinceMs: number;
  readonly siteEnergyJ: number;
  readonly tokens: number;
  readonly costKrw: number;
  readonly carbonG: number;
  /** Of a million output tokens, by the energy that token work is given. NaN before the first token. */
  readonly krwPerMTokens: number;
  readonly carbonGPerMTokens: number;
  readonly joulesPerToken: number;
  readonly peakW: number;
}

/** Adds up the day, second by second. What was not read is not counted. */
export class Today {
  readonly #utcOffsetMs: number;
  #day = NaN;
  #sinceMs = NaN;
  #siteJ = 0;
  #tokens = 0;
  #tokenJ = 0;
  #krw = 0;
  #tokenKrw = 0;
  #carbonG = 0;
  #tokenCarbonG = 0;
  #peakW = 0;

  constructor(utcOffsetMin: number) {
    this.#utcOffsetMs = utcOffsetMin * 60_000;
  }

  add(atMs: number, row: Float64Array): void {
    const day = Math.floor((atMs + this.#utcOffsetMs) / DAY_MS);
    if (day !== this.#day) this.#begin(day, atMs);
    const siteW = row[SERIES.sitePowerW];
    const [krwPerJ, carbonGPerJ] = [row[SERIES.priceKrwPerKWh] / J_PER_KWH, row[SERIES.carbonGPerKWh] / J_PER_KWH];
    if (!Number.isFinite(siteW + krwPerJ + carbonGPerJ)) return;
    this.#siteJ += siteW;
    this.#krw += siteW * krwPerJ;
    this.#carbonG += siteW * carbonGPerJ;
    this.#peakW = Math.max(this.#peakW, siteW);
    const tokens = row[SERIES.tokensPerS];
    const tokenJ = tokens * row[SERIES.joulesPerToken];
    if (!(tokens > 0 && tokenJ > 0)) return;
    this.#tokens += tokens;
    this.#tokenJ += tokenJ;
    this.#tokenKrw += tokenJ * krwPerJ;
    this.#tokenCarbonG += tokenJ * carbonGPerJ;
  }

  sums(): TodaySums {
    const perM = (value: number) => (this.#tokens > 0 ? (value / this.#tokens) * 1e6 : NaN);
    return {
      sinceMs: this.#sinceMs,
      siteEnergyJ: this.#siteJ,
      tokens: this.#tokens,
      costKrw: this.#krw,
      carbonG: this.#carbonG,
      krwPerMTokens: perM(this.#tokenKrw),
      carbonGPerMTokens: perM(this.#tokenCarbonG),
      joulesPerToken: perM(this.#tokenJ) / 1e6,
      peakW: this.#peakW,
    };
  }

  #begin(day: number, atMs: number): void {
    this.#day = day;
    this.#sinceMs = atMs;
    this.#siteJ = this.#tokens = this.#tokenJ = this.#krw = this.#tokenKrw = this.#carbonG = this.#tokenCarbonG = this.#peakW = 0;
  }
}
