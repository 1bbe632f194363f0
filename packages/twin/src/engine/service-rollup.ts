import { SERIES } from "../series.ts";
import type { ServicePool } from "./service-pool.ts";

/** Adds up services for the site row; latencies are means weighted by requests (TTFT) and by tokens (ITL). */
export function fillServiceSeries(row: Float64Array, pools: readonly ServicePool[]): void {
  let requests = 0;
  let tokens = 0;
  let queued = 0;
  let ttft50 = 0;
  let ttft99 = 0;
  let itl50 = 0;
  let itl99 = 0;
  for (let i = 0; i < pools.length; i++) {
    const pool = pools[i];
    queued += pool.queuedRequests;
    requests += pool.requestsPerS;
    if (Number.isNaN(pool.ttftP50S)) continue;
    tokens += pool.tokensPerS;
    ttft50 += pool.ttftP50S * pool.requestsPerS;
    ttft99 += pool.ttftP99S * pool.requestsPerS;
    itl50 += pool.itlP50S * pool.tokensPerS;
    itl99 += pool.itlP99S * pool.tokensPerS;
  }
  row[SERIES.requestsPerS] = requests;
  row[SERIES.queuedRequests] = queued;
  row[SERIES.ttftP50S] = ttft50 / requests;
  row[SERIES.ttftP99S] = ttft99 / requests;
  row[SERIES.itlP50S] = itl50 / tokens;
  row[SERIES.itlP99S] = itl99 / tokens;
}
