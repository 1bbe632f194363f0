import type { Random } from "@pulmu/units";
import type { ServingRequest } from "../request.ts";

/** What a trace asks for. */
export interface Load {
  readonly requests: readonly ServingRequest[];
  /** First to last arrival, s. */
  readonly durationS: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
}

export function loadOf(requests: readonly ServingRequest[]): Load {
  let promptTokens = 0;
  let outputTokens = 0;
  for (const request of requests) {
    promptTokens += request.promptTokens;
    outputTokens += request.outputTokens;
  }
  const durationS = requests.length === 0 ? 0 : requests[requests.length - 1].atS - requests[0].atS;
  return { requests, durationS, promptTokens, outputTokens };
}

/**
 * The same service with `factor` times as many users: copies of the trace, each turned by a random time around its length, so that
 * lengths and daily shape stay and bursts of different users do not fall together. A fraction takes each request of the last copy
 * with that chance. Blocks get ids of their own in each copy: other users, other prompts.
 */
export function manyUsers(requests: readonly ServingRequest[], factor: number, random: Random): readonly ServingRequest[] {
  if (factor === 1) return requests;
  const lengthS = requests.length === 0 ? 0 : requests[requests.length - 1].atS;
  const all: ServingRequest[] = [];
  for (let copy = 0; copy < factor; copy++) {
    const turnS = copy === 0 ? 0 : random.next() * lengthS;
    const share = factor - copy;
    for (const request of requests) {
      if (share < 1 && random.next() >= share) continue;
      const atS = request.atS + turnS < lengthS ? request.atS + turnS : request.atS + turnS - lengthS;
      const own = request.blocks?.map((id) => id * Math.ceil(factor) + copy);
      all.push({ ...request, atS: Math.max(0, atS), ...(own === undefined ? {} : { blocks: own }) });
    }
  }
  return all.sort((a, b) => a.atS - b.atS);
}

/** The `count` requests in a row that come in the shortest time, from time 0. */
export function busiest(requests: readonly ServingRequest[], count: number): readonly ServingRequest[] {
  if (requests.length <= count) return requests;
  let from = 0;
  let shortestS = Infinity;
  for (let i = 0; i + count <= requests.length; i++) {
    const lengthS = requests[i + count - 1].atS - requests[i].atS;
    if (lengthS < shortestS) [from, shortestS] = [i, lengthS];
  }
  const startS = requests[from].atS;
  return requests.slice(from, from + count).map((request) => ({ ...request, atS: request.atS - startS }));
}
