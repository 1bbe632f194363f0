import { hourlyAt } from "./local-time.ts";
import type { GridFacts } from "./types.ts";

/** Carbon intensity of consumption, g CO2/kWh, in a month (1 = January) at a local hour with its fraction. */
export function carbonGPerKWh(grid: GridFacts, month: number, hour: number): number {
  return grid.carbonGPerKWhByMonth[month - 1] * hourlyAt(grid.carbonShapeByHour, hour);
}

/** Wholesale price, KRW/kWh, in a month (1 = January) at a local hour with its fraction. */
export function wholesaleKrwPerKWh(grid: GridFacts, month: number, hour: number): number {
  return grid.wholesaleKrwPerKWhByMonth[month - 1] * hourlyAt(grid.wholesaleShapeByHour, hour);
}
