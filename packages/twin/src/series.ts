/**
 * What the twin knows of the whole site each second: one row of a Float64Array, in this order. Names carry the unit;
 * NaN means "none" (no load target set, no request answered yet). Files, `/api/series` and `/metrics` use these names.
 */
export const SITE_SERIES = [
  ["sitePowerW", "Power drawn from all feeds"],
  ["itPowerW", "Racks and IT auxiliaries, at their inputs"],
  ["gpuPowerW", "GPUs alone"],
  ["lossPowerW", "Losses of the electrical path outside the racks"],
  ["coolingPowerW", "Pumps, fans, coolers, chillers, CDUs"],
  ["facilityPowerW", "Fixed loads that are not IT"],
  ["bessPowerW", "Battery at its terminal: positive charges, negative discharges"],
  ["envelopeW", "What the site may draw now (contract, phase)"],
  ["targetW", "Load target of the grid in force, NaN when none"],
  ["pue", "Site power over IT power, battery left out"],
  ["tokensPerS", "Output tokens of inference and batch"],
  ["promptTokensPerS", "Prompt tokens read"],
  ["trainedTokensPerS", "Tokens trained on, restarts' lost work not yet taken off"],
  ["joulesPerToken", "Site energy given to token work (its GPUs' share of site power) over output tokens"],
  ["requestsPerS", "Requests arriving"],
  ["queuedRequests", "Requests waiting for a place in a batch"],
  ["ttftP50S", "Time to first token: the services' medians, their mean by requests"],
  ["ttftP99S", "Time to first token: the services' 99th percentiles, their mean by requests"],
  ["itlP50S", "Inter-token latency: the services' medians, their mean by tokens"],
  ["itlP99S", "Inter-token latency: the services' 99th percentiles, their mean by tokens"],
  ["busyGpus", "GPUs with work"],
  ["failedGpus", "GPUs out of service"],
  ["throttledGpus", "GPUs slowed by heat"],
  ["cappedGpus", "GPUs slowed by a cap or clock limit"],
  ["runningJobs", "Jobs running"],
  ["waitingJobs", "Jobs waiting for a place"],
  ["dryBulbC", "Outdoor dry bulb"],
  ["wetBulbC", "Outdoor wet bulb"],
  ["maxInletC", "Hottest liquid supply at a rack"],
  ["carbonGPerKWh", "Carbon intensity of the grid"],
  ["priceKrwPerKWh", "Price of energy now"],
  ["bessStoredJ", "Energy in the batteries"],
] as const;

export type SiteSeriesName = (typeof SITE_SERIES)[number][0];

/** Column of each series in a row. */
export const SERIES = Object.fromEntries(SITE_SERIES.map(([name], index) => [name, index])) as Readonly<Record<SiteSeriesName, number>>;
