/** Floor 0: sourced facts, and the small functions that read them. */
export { weatherAt, type Weather } from "./climate.ts";
export { decodePowerShare } from "./decode-power.ts";
export { carbonGPerKWh, wholesaleKrwPerKWh } from "./grid.ts";
export { loadCatalog, type CatalogOptions } from "./load.ts";
export { localTime, type LocalTime } from "./local-time.ts";
export { efficiencyAt, lossW } from "./loss-curve.ts";
export { rackLimitW } from "./rack-limit.ts";
export { clockForCap, curvePowerW, curveSpeed } from "./power-curve.ts";
export { provisionedGpus } from "./provisioning.ts";
export { tariffBand, tariffPriceKrwPerKWh } from "./tariff.ts";
export type * from "./types.ts";
