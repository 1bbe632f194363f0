import type { ProvisioningRule } from "./types.ts";

/** GPUs that an envelope at the utility carries under a rule: whole GPUs, rounded down. */
export function provisionedGpus(rule: ProvisioningRule, envelopeW: number): number {
  return Math.floor(envelopeW / rule.allInWPerGpu);
}
