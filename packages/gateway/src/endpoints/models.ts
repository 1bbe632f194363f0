import type { DeploymentSpec } from "../routing/deployment.ts";
import type { Router } from "../routing/router.ts";

/** `GET /v1/models`. */
export function listModels(router: Router): object {
  return { object: "list", data: router.deployments.map(({ spec }) => describe(spec)) };
}

/** `GET /v1/models/{id}`. @throws Refusal 404 */
export function oneModel(router: Router, modelId: string): object {
  return describe(router.deployment(modelId).spec);
}

function describe(spec: DeploymentSpec): object {
  return {
    id: spec.modelId,
    object: "model",
    created: Math.floor(spec.createdMs / 1_000),
    owned_by: spec.ownedBy,
    model_version: spec.modelVersion,
    site: spec.place.site,
    jurisdiction: spec.place.jurisdiction,
    ...(spec.simulated === true ? { simulated: true } : {}),
  };
}
