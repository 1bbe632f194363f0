import assert from "node:assert/strict";
import { test } from "node:test";
import { SERIES, SITE_SERIES, type SiteSeriesName } from "@pulmu/twin";
import { Today } from "./today.ts";

const SEOUL_MIN = 540;
/** A second before midnight in Seoul. */
const LATE = Date.UTC(2027, 7, 4, 14, 59, 59);

function row(values: Partial<Record<SiteSeriesName, number>>): Float64Array {
  const known = {
    sitePowerW: 3.6e6,
    itPowerW: 3e6,
    tokensPerS: 1e6,
    joulesPerToken: 2,
    priceKrwPerKWh: 100,
    carbonGPerKWh: 400,
    ...values,
  };
  const made = new Float64Array(SITE_SERIES.length).fill(NaN);
  for (const [name, value] of Object.entries(known)) made[SERIES[name as SiteSeriesName]] = value;
  return made;
}

test("a second at 3.6 MW is a kWh, at its price and its carbon; a million tokens cost what their joules do", () => {
  const today = new Today(SEOUL_MIN);
  today.add(LATE, row({}));
  const sums = today.sums();
  assert.deepEqual([sums.siteEnergyJ, sums.costKrw, sums.carbonG, sums.tokens], [3.6e6, 100, 400, 1e6]);
  assert.ok(Math.abs(sums.krwPerMTokens - (2e6 / 3.6e6) * 100) < 1e-9);
});

test("a second that was not read is not counted, and spoils nothing", () => {
  const today = new Today(SEOUL_MIN);
  today.add(LATE, row({}));
  today.add(LATE, row({ sitePowerW: NaN }));
  today.add(LATE, row({ joulesPerToken: NaN }));
  assert.deepEqual([today.sums().siteEnergyJ, today.sums().tokens], [7.2e6, 1e6]);
});

test("the day begins at the site's midnight", () => {
  const today = new Today(SEOUL_MIN);
  today.add(LATE, row({}));
  today.add(LATE + 1000, row({}));
  assert.deepEqual([today.sums().siteEnergyJ, today.sums().sinceMs], [3.6e6, LATE + 1000]);
});
