/** Mean day of each month, dry and wet bulb, from hourly weather. `node packages/catalog/fit/climate.ts --data DIR` */
import { loadCatalog, weatherAt } from "../src/index.ts";
import { dataFolder, mean, readText, report, residual, rounded, type Fit } from "./tools.ts";

type ByMonthAndHour = readonly (readonly number[])[];

/**
 * Seoul from its own hours of 2024. Sejong has no normals: it keeps the dry bulb of its region from the catalogue, and takes from
 * Seoul the swing of the day and how far the wet bulb lies below the dry bulb.
 */
export function fitClimate(data: string): Fit {
  const { hourly } = JSON.parse(readText(data, "korea/seoul_openmeteo_2024.json.gz")) as {
    hourly: { time: string[]; temperature_2m: number[]; relative_humidity_2m: number[] };
  };
  const wetBulbC = hourly.temperature_2m.map((dryBulbC, i) => stull(dryBulbC, hourly.relative_humidity_2m[i]));
  const dry = meanDays(hourly.time, hourly.temperature_2m);
  const wet = meanDays(hourly.time, wetBulbC);
  const means = (days: ByMonthAndHour) => days.map(mean);
  const dryMean = means(dry);
  const wetMean = means(wet);
  const tenths = (values: readonly number[]) => values.map((value) => rounded(value, 1));
  const dryBulbSwingK = tenths(dry.map((day) => daily(day).swing));
  const wetBulbSwingK = tenths(wet.map((day) => daily(day).swing));
  const seoul = {
    dryBulbMeanC: tenths(dryMean),
    dryBulbSwingK,
    wetBulbMeanC: tenths(wetMean),
    wetBulbSwingK,
    warmestHour: Math.round(mean(dry.map((day) => daily(day).warmestHour))),
  };
  const region = loadCatalog().climates.get("sejong")!.dryBulbMeanC;
  const modelled = hourly.time.map((time) => {
    const [month, day, hour] = [time.slice(5, 7), time.slice(8, 10), time.slice(11, 13)].map(Number);
    return weatherAt({ id: "seoul", name: "Seoul", ...seoul }, month, day, hour);
  });
  return {
    values: {
      ...Object.fromEntries(Object.entries(seoul).map(([field, value]) => [`climates/seoul/${field}`, value])),
      "climates/sejong/dryBulbSwingK": dryBulbSwingK,
      "climates/sejong/wetBulbMeanC": tenths(region.map((dryBulbC, month) => dryBulbC - (dryMean[month] - wetMean[month]))),
      "climates/sejong/wetBulbSwingK": wetBulbSwingK,
    },
    residuals: [
      residual(
        "dry bulb of each hour, Seoul 2024",
        modelled.map(({ dryBulbC }, i) => ({ model: dryBulbC, measured: hourly.temperature_2m[i] })),
        "K",
      ),
      residual(
        "wet bulb of each hour, Seoul 2024",
        modelled.map((weather, i) => ({ model: weather.wetBulbC, measured: wetBulbC[i] })),
        "K",
      ),
    ],
  };
}

/** Wet bulb from dry bulb (°C) and relative humidity (%) at sea level: Stull, J. Appl. Meteor. Climatol. 50 (2011) 2267, eq. 1. */
export function stull(dryBulbC: number, humidity: number): number {
  return (
    dryBulbC * Math.atan(0.151977 * Math.sqrt(humidity + 8.313659)) +
    Math.atan(dryBulbC + humidity) -
    Math.atan(humidity - 1.676331) +
    0.00391838 * humidity ** 1.5 * Math.atan(0.023101 * humidity) -
    4.686035
  );
}

function meanDays(times: readonly string[], values: readonly number[]): ByMonthAndHour {
  const cells = Array.from({ length: 12 }, () => Array.from({ length: 24 }, (): number[] => []));
  times.forEach((time, i) => cells[Number(time.slice(5, 7)) - 1][Number(time.slice(11, 13))].push(values[i]));
  return cells.map((day) => day.map(mean));
}

/** First harmonic of a mean day: top to bottom, and the hour of its top. */
function daily(day: readonly number[]): { readonly swing: number; readonly warmestHour: number } {
  const average = mean(day);
  const wave = (part: (x: number) => number) => day.reduce((sum, t, hour) => sum + (t - average) * part((2 * Math.PI * hour) / 24), 0) / 12;
  const [c, s] = [wave(Math.cos), wave(Math.sin)];
  return { swing: 2 * Math.hypot(c, s), warmestHour: ((Math.atan2(s, c) / (2 * Math.PI)) * 24 + 24) % 24 };
}

if (import.meta.main) report(fitClimate(dataFolder()));
