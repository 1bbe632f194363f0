import type { JsonObject } from "../http/read-body.ts";
import type { Meters } from "@pulmu/ledger";
import type { DeploymentSpec } from "../routing/deployment.ts";
import type { Energy } from "./energy.ts";
import type { Usage } from "./usage.ts";

/** A usage record's figures, in the ledger's whole units. */
export function metersOf(usage: Usage, energy: Energy): Meters {
  return {
    requests: 1,
    promptTokens: usage.promptTokens - usage.cachedTokens,
    cachedTokens: usage.cachedTokens,
    outputTokens: usage.outputTokens,
    gpuMilliS: Math.round(energy.gpuS * 1_000),
    itMilliJ: Math.round(energy.itJ * 1_000),
    facilityMilliJ: Math.round(energy.facilityJ * 1_000),
    carbonMilliG: Math.round(energy.carbonG * 1_000),
  };
}

/** What an answer says of itself, beside its token counts. */
export function answerFacts(deployment: DeploymentSpec, energy: Energy, notice: string | undefined): JsonObject {
  return {
    energy_joules: round(energy.facilityJ),
    energy_basis: energy.basis,
    carbon_grams: round(energy.carbonG),
    site: deployment.place.site,
    jurisdiction: deployment.place.jurisdiction,
    model_version: deployment.modelVersion,
    ...(deployment.simulated === true ? { simulated: true } : {}),
    ...(notice === undefined ? {} : { notice }),
  };
}

/** Six digits after the point: a microjoule, a microgram. */
function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
