import { cos } from "@pulmu/units";
import type { Climate } from "./types.ts";

export interface Weather {
  readonly dryBulbC: number;
  readonly wetBulbC: number;
}

/**
 * Weather of the mean day: month (1 = January), day of the month, local hour with its fraction. Means and swings run in straight
 * lines from the middle of one month to the middle of the next; the wet bulb never passes the dry bulb.
 */
export function weatherAt(climate: Climate, month: number, day: number, hour: number): Weather {
  const wave = cos((2 * Math.PI * (hour - climate.warmestHour)) / 24) / 2;
  const dryBulbC = monthlyAt(climate.dryBulbMeanC, month, day) + monthlyAt(climate.dryBulbSwingK, month, day) * wave;
  const wetBulbC = monthlyAt(climate.wetBulbMeanC, month, day) + monthlyAt(climate.wetBulbSwingK, month, day) * wave;
  return { dryBulbC, wetBulbC: Math.min(wetBulbC, dryBulbC) };
}

function monthlyAt(byMonth: readonly number[], month: number, day: number): number {
  const position = (month + 10.5 + (day - 0.5) / 30.5) % 12; // months since the middle of January
  const index = Math.floor(position);
  return byMonth[index] + (byMonth[(index + 1) % 12] - byMonth[index]) * (position - index);
}
