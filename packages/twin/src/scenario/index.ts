export { buildArrivals, type BuildArrivalsOptions } from "./build-arrivals.ts";
export { defaultFaultRates, noFaultRates } from "./fault-rates.ts";
export { loadScenario, parseScenario, type LoadedScenario, type ScenarioOptions } from "./load-scenario.ts";
export { plainScenario, type PlainScenarioOptions } from "./plain-scenario.ts";
export { scenarioJsonSchema } from "./schema.ts";
