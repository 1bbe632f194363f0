import type { LogNormal, WorkloadFit } from "@pulmu/catalog";
import { cos, exp, log, type Random } from "@pulmu/units";
import type { ServingRequest } from "./request.ts";

/** Poisson arrivals at this rate with the lengths of a fitted workload, for `durationS` seconds. */
export function syntheticRequests(fit: WorkloadFit, requestsPerS: number, durationS: number, random: Random): ServingRequest[] {
  const requests: ServingRequest[] = [];
  for (let atS = waitS(requestsPerS, random); atS < durationS; atS += waitS(requestsPerS, random)) {
    requests.push({ atS, promptTokens: tokens(fit.prompt, random), outputTokens: tokens(fit.output, random) });
  }
  return requests;
}

function waitS(requestsPerS: number, random: Random): number {
  return -log(1 - random.next()) / requestsPerS;
}

/** Log-normal by Box and Muller's transform. */
function tokens({ logMean, logSd, min, max }: LogNormal, random: Random): number {
  const normal = Math.sqrt(-2 * log(1 - random.next())) * cos(2 * Math.PI * random.next());
  return Math.round(Math.min(max, Math.max(min, exp(logMean + logSd * normal))));
}
