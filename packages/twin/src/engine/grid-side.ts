import {
  carbonGPerKWh,
  localTime,
  tariffPriceKrwPerKWh,
  weatherAt,
  type Catalog,
  type Climate,
  type GridFacts,
  type Tariff,
} from "@pulmu/catalog";
import type { Site } from "@pulmu/site";

/** How often weather, price and carbon are looked up again, s: they move by the hour. */
const REFRESH_S = 60;

/** What the outside world does to the site: weather, price, carbon. */
export class GridSide {
  dryBulbC = 0;
  wetBulbC = 0;
  carbonGPerKWh = 0;
  priceKrwPerKWh = 0;
  readonly #climate: Climate;
  readonly #grid: GridFacts;
  readonly #tariff: Tariff;
  readonly #utcOffsetMin: number;

  constructor(site: Site, catalog: Catalog) {
    this.#climate = need(catalog.climates.get(site.climateId), `climate "${site.climateId}"`);
    this.#grid = need(catalog.grids.get(site.gridId), `grid "${site.gridId}"`);
    this.#tariff = need(catalog.tariffs.get(site.feeds[0].tariffId), `tariff "${site.feeds[0].tariffId}"`);
    this.#utcOffsetMin = site.utcOffsetMin;
  }

  refresh(atS: number, atMs: number): void {
    if (atS % REFRESH_S !== 0) return;
    const local = localTime(atMs, this.#utcOffsetMin);
    const weather = weatherAt(this.#climate, local.month, local.day, local.hour);
    this.dryBulbC = weather.dryBulbC;
    this.wetBulbC = weather.wetBulbC;
    this.carbonGPerKWh = carbonGPerKWh(this.#grid, local.month, local.hour);
    this.priceKrwPerKWh = tariffPriceKrwPerKWh(this.#tariff, local);
  }
}

export function need<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the catalogue has no ${what}`);
  return value;
}
