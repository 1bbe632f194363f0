import type { Meters } from "@pulmu/ledger";
import type { ServiceRow } from "@pulmu/twin";

/** What is shared out of a service: whole units, as the ledger counts them. */
const SHARED = ["requests", "promptTokens", "outputTokens", "gpuMilliS", "itMilliJ", "facilityMilliJ", "carbonMilliG"] as const;
type Shared = Record<(typeof SHARED)[number], number>;

/** How the site's energy stands to that of its GPUs: what a GPU's joule is at the racks, at the site's meter, and in carbon. */
export interface SiteFactors {
  readonly itPerGpu: number;
  readonly sitePerIt: number;
  readonly carbonGPerSiteJ: number;
}

/** An answer's part of its service's energy. */
export interface AnswerShare {
  readonly gpuS: number;
  readonly itJ: number;
  readonly facilityJ: number;
  readonly carbonG: number;
}

/**
 * What one service used in a period, shared out: answers of the gateway take their part as they end, by their output tokens at what a token
 * costs the service now; what is left is its own tenant's load. No answer is given more than the service has used, so that the parts
 * sum to the whole; what was taken a moment too early is taken off the next period.
 */
export class ServiceAccount {
  readonly tenantId: string;
  readonly modelId: string;
  gpuJ = 0;
  #gpuS = 0;
  #requests = 0;
  #promptTokens = 0;
  #outputTokens = 0;
  #taken: Shared = nothing();
  /** Of the last second; of a token, the last that was made. */
  #gpuPowerW = 0;
  #gpuJPerToken = 0;
  #gpuSPerToken = 0;

  constructor({ tenantId, modelId }: ServiceRow) {
    this.tenantId = tenantId;
    this.modelId = modelId;
  }

  /** One second of the service. `promptTokens`: what it read in it. */
  add(second: ServiceRow, promptTokens: number): void {
    this.#gpuS += second.gpus;
    this.gpuJ += second.gpuPowerW;
    this.#requests += second.requestsPerS;
    this.#promptTokens += promptTokens;
    this.#outputTokens += second.tokensPerS;
    this.see(second);
  }

  /** What the service draws, and a token costs, now. */
  see({ gpus, gpuPowerW, tokensPerS }: ServiceRow): void {
    this.#gpuPowerW = gpuPowerW;
    if (tokensPerS > 0) [this.#gpuJPerToken, this.#gpuSPerToken] = [gpuPowerW / tokensPerS, gpus / tokensPerS];
  }

  /** Takes one answer's part. Prompts are in it at the service's usual length. */
  take(promptTokens: number, outputTokens: number, factors: SiteFactors): AnswerShare {
    const taken = this.#taken;
    const wantedMilliJ = outputTokens * this.#gpuJPerToken * factors.itPerGpu * 1_000;
    const leftMilliJ = (this.gpuJ + this.#gpuPowerW) * factors.itPerGpu * 1_000 - taken.itMilliJ; // the second that runs is its own, too
    const tokens = wantedMilliJ > 0 ? outputTokens * Math.max(0, Math.min(1, leftMilliJ / wantedMilliJ)) : 0;
    const itJ = tokens * this.#gpuJPerToken * factors.itPerGpu;
    const facilityJ = itJ * factors.sitePerIt;
    const share = { gpuS: tokens * this.#gpuSPerToken, itJ, facilityJ, carbonG: facilityJ * factors.carbonGPerSiteJ };
    taken.requests++;
    taken.promptTokens += promptTokens;
    taken.outputTokens += outputTokens;
    taken.gpuMilliS += milli(share.gpuS);
    taken.itMilliJ += milli(share.itJ);
    taken.facilityMilliJ += milli(share.facilityJ);
    taken.carbonMilliG += milli(share.carbonG);
    return share;
  }

  /** Ends the period. `used`: all of it; `rest`: what no answer took. */
  end(factors: SiteFactors): { readonly used: Meters; readonly rest: Meters } {
    const used: Shared = {
      requests: Math.floor(this.#requests),
      promptTokens: Math.floor(this.#promptTokens),
      outputTokens: Math.floor(this.#outputTokens),
      ...inMillis(this.#gpuS, this.gpuJ, factors),
    };
    const rest = nothing();
    for (const name of SHARED) {
      rest[name] = Math.max(0, used[name] - this.#taken[name]);
      this.#taken[name] = Math.max(0, this.#taken[name] - used[name]);
    }
    this.gpuJ = this.#gpuS = this.#requests = this.#promptTokens = this.#outputTokens = 0;
    return { used, rest };
  }
}

function nothing(): Shared {
  return Object.fromEntries(SHARED.map((name) => [name, 0])) as Shared;
}

/** As the ledger is told it. */
function milli(value: number): number {
  return Math.round(value * 1_000);
}

/** Rounded down, so that parts never sum to more than the whole. */
export function inMillis(gpuS: number, gpuJ: number, { itPerGpu, sitePerIt, carbonGPerSiteJ }: SiteFactors) {
  const itJ = gpuJ * itPerGpu;
  return {
    gpuMilliS: Math.floor(gpuS * 1_000),
    itMilliJ: Math.floor(itJ * 1_000),
    facilityMilliJ: Math.floor(itJ * sitePerIt * 1_000),
    carbonMilliG: Math.floor(itJ * sitePerIt * carbonGPerSiteJ * 1_000),
  };
}
