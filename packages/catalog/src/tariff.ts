import type { LocalTime } from "./local-time.ts";
import type { Band, Tariff } from "./types.ts";

/**
 * Price of energy, KRW/kWh, with the surcharge, without base charge, fund and VAT.
 * Public holidays are billed as Sundays in reality; here only weekdays count, as there is no calendar of holidays.
 */
export function tariffPriceKrwPerKWh(tariff: Tariff, at: Pick<LocalTime, "month" | "weekday" | "hour">): number {
  const season = tariff.seasonOfMonth[at.month - 1];
  const hour = Math.floor(at.hour);
  const discount = tariff.weekendDiscount;
  const weekend = at.weekday === 0 || at.weekday === 6;
  const discounted = weekend && discount !== undefined && discount.seasons.includes(season) && discount.hours.includes(hour);
  const rate = tariff.energyKrwPerKWh[season][tariffBand(tariff, at)];
  return rate * (discounted ? discount.share : 1) + tariff.surchargeKrwPerKWh;
}

/** Band that a moment is billed in. */
export function tariffBand(tariff: Tariff, at: Pick<LocalTime, "month" | "weekday" | "hour">): Band {
  const bands = at.weekday === 0 ? tariff.sundayBands : at.weekday === 6 ? tariff.saturdayBands : tariff.weekdayBands;
  return bands[tariff.seasonOfMonth[at.month - 1]][Math.floor(at.hour)];
}
