import type { DeploymentSpec } from "../routing/deployment.ts";
import type { Router } from "../routing/router.ts";

type Visible = (spec: DeploymentSpec) => boolean;

/** `GET /v1/models`: those that the caller may ask. */
export function listModels(router: Router, visible: Visible): object {
  return { object: "list", data: router.deployments.filter(({ spec }) => visible(spec)).map(({ spec }) => describe(spec)) };
}

/** `GET /v1/models/{id}`. @throws Refusal 404 */
export function oneModel(router: Router, modelId: string, visible: Visible): object {
  const found = router.get(modelId);
  if (found === undefined || !visible(found.spec)) throw router.notThere(modelId, visible);
  return describe(found.spec);
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
