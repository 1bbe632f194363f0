import type { Usage } from "./usage.ts";

/** Energy of one request, and how it is known. */
export interface Energy {
  /** GPU-seconds. */
  readonly gpuS: number;
  /** At the racks, J. */
  readonly itJ: number;
  /** With its share of cooling and losses, J. */
  readonly facilityJ: number;
  readonly carbonG: number;
  /** `measured` by a meter, `modelled` from the tokens. */
  readonly basis: "measured" | "modelled";
}

/** Knows what work costs on the machines of a deployment. */
export interface EnergyModel {
  /** Asked once for each usage record: a model that shares out what a meter saw gives each joule to one answer. */
  energyOf(usage: Usage, durationS: number): Energy;
}
