import type { Principal } from "@pulmu/govern";
import type { Estimate, Spender } from "@pulmu/ledger";
import type { Ask } from "../endpoints/endpoint.ts";
import type { DeploymentSpec } from "../routing/deployment.ts";

const BYTES_PER_TOKEN = 4;

/** Tokens of a prompt before the model has counted them. */
export function promptTokensOf({ promptBytes }: Ask): number {
  return Math.ceil(promptBytes / BYTES_PER_TOKEN);
}

/** What a request may come to, and whose budget it is reserved from. */
export function reservation(
  { tenantId, projectId, keyId }: Principal,
  ask: Ask,
  { modelId, acceleratorId, maxOutputTokens }: DeploymentSpec,
): { readonly spender: Spender; readonly estimate: Estimate } {
  return {
    spender: { tenantId: tenantId!, projectId: projectId!, keyId: keyId!, modelId },
    estimate: {
      meters: { requests: 1, promptTokens: promptTokensOf(ask), outputTokens: ask.maxOutputTokens ?? maxOutputTokens },
      acceleratorId,
    },
  };
}
