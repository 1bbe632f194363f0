import { type DeploymentSpec, type Energy, type EnergyModel, SimulatedUpstream } from "@pulmu/gateway";
import type { ServiceRow } from "@pulmu/twin";
import type { FactoryMeter } from "../accounts/factory-meter.ts";
import type { LiveFactory } from "../live/factory.ts";

/** Tokens an answer may have, and requests a model takes at once, where nobody said otherwise. */
const MAX_OUTPUT_TOKENS = 4_096;
const MAX_CONCURRENT = 1_000;

/** Every model that the twin serves, answered by the twin: its timing and its energy are those of the running factory. */
export function modelsOfTwin(factory: LiveFactory, meter: FactoryMeter, now: () => number): DeploymentSpec[] {
  const { site, catalog } = factory.simulation;
  const modelIds = new Set(site.workloads.flatMap((workload) => (workload.kind === "inference" ? [workload.modelId] : [])));
  return [...modelIds].map((modelId) => {
    const service = () => factory.services().find((row) => row.modelId === modelId);
    return {
      modelId,
      modelVersion: `${modelId}@simulated`,
      place: { site: site.id, jurisdiction: site.country.toLowerCase() },
      acceleratorId: "", // sold by the token: its GPU time is in that price
      ownedBy: "pulmu",
      createdMs: factory.simulation.scenario.startMs,
      replicas: [{ id: `twin/${modelId}`, upstream: new SimulatedUpstream({ timing: () => timingOf(service()) }, now) }],
      energy: energyFrom(meter, () => service()?.id),
      maxOutputTokens: Math.min(MAX_OUTPUT_TOKENS, catalog.models.get(modelId)?.contextTokens ?? MAX_OUTPUT_TOKENS),
      maxConcurrent: MAX_CONCURRENT,
      countsAsItGoes: true,
      simulated: true,
    };
  });
}

/** Its median times now. Undefined: it has no replica, or has answered nobody yet. */
function timingOf(service: ServiceRow | undefined): { readonly ttftS: number; readonly itlS: number } | undefined {
  if (service === undefined || service.replicas === 0) return undefined;
  const { ttftP50S: ttftS, itlP50S: itlS } = service;
  return Number.isNaN(ttftS) || Number.isNaN(itlS) ? undefined : { ttftS, itlS };
}

/** An answer takes its part of its service's energy as the factory's meter has it: `modelled`, since the meter is the twin's. */
function energyFrom(meter: FactoryMeter, serviceId: () => string | undefined): EnergyModel {
  return {
    energyOf({ promptTokens, cachedTokens, outputTokens }): Energy {
      return { ...meter.take(serviceId() ?? "", promptTokens - cachedTokens, outputTokens), basis: "modelled" };
    },
  };
}
