/** Floor 2: the plant before it is built. */
export { createSimulation, type SimulationInputs } from "./engine/plant.ts";
export { type EventWords, type Said, type SaidBy, teller, type TwinWords } from "./event-words.ts";
export * from "./results/index.ts";
export type * from "./scenario.ts";
export { SERIES, SITE_SERIES, type SiteSeriesName } from "./series.ts";
export type * from "./simulation.ts";
export * from "./traces/index.ts";
export * from "./scenario/index.ts";
export * from "./serving/index.ts";
export * from "./steptime/index.ts";
export * from "./validation/index.ts";
