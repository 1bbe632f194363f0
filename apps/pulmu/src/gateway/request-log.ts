import type { SeenRequest } from "@pulmu/gateway";
import { traceIdOf } from "@pulmu/journal";

/** About 600 B each. */
const KEPT = 4_096;

/** A request as the gateway saw it: who asked for which model, what was decided, who answered. Nothing of what was said. */
export interface LoggedRequest {
  readonly requestId: string;
  readonly trace: string;
  /** `/chat/completions`. */
  readonly path: string;
  readonly tenantId: string;
  readonly projectId: string;
  readonly keyId: string;
  /** Null: it could not be read that far. */
  readonly modelId: string | null;
  /** Epoch ms, and how long it took. */
  readonly atMs: number;
  readonly tookMs: number;
  /** Of the policy: those that decided. Null: it did not come to that. */
  readonly rules: readonly string[] | null;
  readonly waitedMs: number | null;
  /** Trace of the grid's message that made it wait, or turned it away. */
  readonly because: string | null;
  readonly servedBy: { readonly modelId: string; readonly site: string; readonly jurisdiction: string; readonly simulated: boolean } | null;
  /** Code of the refusal, and why in words. Null: it was answered. */
  readonly error: string | null;
  readonly refusal: string | null;
  /** Its caller went away before the end. */
  readonly left: boolean;
}

/** The last requests: older ones are forgotten here, and known by their usage records. */
export class RequestLog {
  readonly #kept: number;
  readonly #ring: LoggedRequest[] = [];
  #count = 0;

  constructor(kept = KEPT) {
    this.#kept = kept;
  }

  add(seen: SeenRequest): void {
    this.#ring[this.#count++ % this.#kept] = logged(seen);
  }

  /** Oldest first. Cost: a look at each one that is kept. */
  ofTrace(trace: string): readonly LoggedRequest[] {
    return this.#all().filter((request) => request.trace === trace);
  }

  /** Newest first. */
  latest(count: number, which: (request: LoggedRequest) => boolean): readonly LoggedRequest[] {
    return this.#all().filter(which).slice(-count).toReversed();
  }

  #all(): readonly LoggedRequest[] {
    const oldest = this.#count % this.#kept;
    return this.#count <= this.#kept ? this.#ring : [...this.#ring.slice(oldest), ...this.#ring.slice(0, oldest)];
  }
}

function logged({ requestId, traceparent, path, tenantId, projectId, keyId, startMs, endMs, left, ...seen }: SeenRequest): LoggedRequest {
  const { ask, rules, waitedMs, because, spec, error, refusal } = seen;
  return {
    requestId,
    trace: traceIdOf(traceparent) ?? "",
    path,
    tenantId,
    projectId,
    keyId,
    modelId: ask?.modelId ?? null,
    atMs: startMs,
    tookMs: Math.max(0, endMs - startMs),
    rules: rules ?? null,
    waitedMs: waitedMs ?? null,
    because: because === undefined ? null : (traceIdOf(because) ?? null),
    servedBy:
      spec === undefined
        ? null
        : { modelId: spec.modelId, site: spec.place.site, jurisdiction: spec.place.jurisdiction, simulated: spec.simulated === true },
    error: error ?? null,
    refusal: refusal ?? null,
    left,
  };
}
