import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";

export interface LoadOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
  readonly durationMs: number;
  /** It ends sooner when so many were answered. */
  readonly atMost?: number;
  /** Connections begin at times spread evenly over this; at once unless said. */
  readonly spreadMs?: number;
}

/** What a while of load came to. Times in ms. */
export interface LoadResult {
  readonly requests: number;
  readonly events: number;
  readonly failed: number;
  readonly seconds: number;
  /** To the last byte, sorted. */
  readonly latencies: readonly number[];
  /** To the first byte of the body, sorted. */
  readonly firsts: readonly number[];
}

/** Closed loop: each connection asks again as soon as it is answered. */
export async function load({
  url,
  headers,
  body,
  connections,
  durationMs,
  atMost = Infinity,
  spreadMs = 0,
}: LoadOptions): Promise<LoadResult> {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const latencies: number[] = [];
  const firsts: number[] = [];
  let [events, failed] = [0, 0];
  const began = performance.now();
  const until = began + durationMs;
  const options = {
    path: `${pathname}/chat/completions`,
    method: "POST" as const,
    headers: { "content-type": "application/json", ...headers },
    body,
  };
  const ask = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const askedMs = performance.now();
    let ok = false;
    let first = 0;
    pool.dispatch(options, {
      onRequestStart() {},
      onResponseStart(_, status) {
        ok = status === 200;
      },
      onResponseData(_, chunk) {
        if (first === 0) first = performance.now() - askedMs;
        for (let at = chunk.indexOf("\n\n"); at >= 0; at = chunk.indexOf("\n\n", at + 2)) events++;
      },
      onResponseEnd() {
        if (ok) {
          firsts.push(first);
          latencies.push(performance.now() - askedMs);
        } else failed++;
        resolve();
      },
      onResponseError() {
        failed++;
        resolve();
      },
    });
    return promise;
  };
  const connection = async (_: unknown, i: number) => {
    if (spreadMs > 0) await sleep((i * spreadMs) / connections);
    while (performance.now() < until && latencies.length < atMost) await ask();
  };
  await Promise.all(Array.from({ length: connections }, connection));
  const seconds = (performance.now() - began) / 1_000;
  await pool.destroy();
  const order = (values: number[]) => values.sort((a, b) => a - b);
  return { requests: latencies.length, events, failed, seconds, latencies: order(latencies), firsts: order(firsts) };
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
