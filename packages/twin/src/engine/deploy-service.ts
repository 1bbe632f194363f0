import type { Catalog } from "@pulmu/catalog";
import type { InferenceWorkload, Site } from "@pulmu/site";
import { exp } from "@pulmu/units";
import type { Arrivals } from "../traces/index.ts";
import { need } from "./grid-side.ts";
import { placeReplicas } from "./placement.ts";
import type { RackPools } from "./rack-pools.ts";
import type { RackState } from "./rack-state.ts";
import { saturationRequestsPerS } from "./service-model.ts";
import { replicaGpus, serviceOf } from "./service-of.ts";
import { ServicePool } from "./service-pool.ts";

/** A service as it starts: a pool on each type of rack, and its arrivals, scaled to the load that is aimed at. */
export interface Deployed {
  readonly pools: readonly ServicePool[];
  readonly arrivals: Arrivals;
}

/** Takes the GPUs for a service's replicas. Gives why, if it cannot be deployed at all. */
export function deployService(
  workload: InferenceWorkload,
  arrivals: Arrivals,
  { site, catalog, state, racks }: { readonly site: Site; readonly catalog: Catalog; readonly state: RackState; readonly racks: RackPools },
): Deployed | string {
  const facts = need(catalog.models.get(workload.modelId), `model "${workload.modelId}"`);
  const fit = need(catalog.workloads.get(workload.workloadId), `workload "${workload.workloadId}"`);
  const means = { promptTokens: arrivals.meanPromptTokens, outputTokens: arrivals.meanOutputTokens };
  const types = racks.typesFor(workload);
  const planned = types.flatMap((typeId) => {
    const pool = racks.of(typeId);
    const accelerator = state.accelerators[pool.racks[0]];
    const gpus = replicaGpus(facts, accelerator);
    const model = serviceOf(facts, accelerator, gpus, { ...means, itlObjectiveS: workload.slo.itlS });
    const wanted = Math.floor(racks.demandOn(workload.demand, typeId, types) / gpus);
    if (wanted === 0) return [];
    const pieces = placeReplicas(state, pool, gpus, wanted);
    const full = saturationRequestsPerS(model, arrivals.meanPromptTokens, arrivals.meanOutputTokens, workload.slo.itlS);
    return [{ typeId, model, wanted, pieces, full: full * wanted }];
  });
  const full = planned.reduce((sum, { full: poolFull }) => sum + poolFull, 0);
  if (planned.length === 0) return `asks for less than one replica of ${facts.name}`;
  if (full === 0) return `cannot meet its inter-token objective at any load, on ${facts.name}`;
  const promptCv2 = Math.min(4, exp(fit.prompt.logSd * fit.prompt.logSd) - 1);
  const pools = planned.map(({ typeId, model, wanted, pieces, full: poolFull }) => {
    const pool = new ServicePool(
      {
        id: planned.length === 1 ? workload.id : `${workload.id}@${typeId}`,
        tenantId: site.tenants[workload.tenant].id,
        modelId: workload.modelId,
        serviceClass: workload.serviceClass,
        slo: workload.slo,
        wantedReplicas: wanted,
        rackTypeId: typeId,
        arrivalShare: poolFull / full,
        promptCv2,
      },
      model,
    );
    pool.pieces = pieces;
    pool.recount();
    return pool;
  });
  return {
    pools,
    arrivals: arrivals.scaleFixed ? arrivals : arrivals.scaledBy((workload.targetLoad * full) / arrivals.meanRequestsPerS),
  };
}
