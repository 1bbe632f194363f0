import type { ReplicaSpec } from "./deployment.ts";

/** Failures in a row after which a replica gets no more requests. */
const FAILURES_TO_OPEN = 3;
/** How long it then rests before one request may try it, ms; doubled each time it fails again. */
const REST_MS = 1_000;
const MAX_REST_MS = 30_000;
/** Missed health checks in a row after which it gets none either. */
const MISSES_TO_FALL = 2;

/** `down`: its health check fails; `resting`: it failed too often; `draining`: it is to get nothing new. */
export type ReplicaState = "up" | "down" | "resting" | "draining";

/** One engine as the router sees it: how busy, how well. */
export class Replica {
  #spec: ReplicaSpec;
  /** For rendezvous hashing. */
  readonly hash: number;
  #inFlight = 0;
  #failures = 0;
  #restMs = REST_MS;
  /** Closed until then, ms of a clock that is never set back. */
  #closedUntilMs = 0;
  #probing = false;
  #well = true;
  /** Health checks missed in a row. One that was never well needs no second. */
  #missed = MISSES_TO_FALL - 1;
  #draining = false;

  constructor(spec: ReplicaSpec) {
    this.#spec = spec;
    this.#draining = spec.draining === true;
    this.hash = hashText(spec.id);
  }

  get spec(): ReplicaSpec {
    return this.#spec;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Load relative to its weight. */
  get load(): number {
    return this.#inFlight / (this.#spec.weight ?? 1);
  }

  get state(): ReplicaState {
    if (this.#draining) return "draining";
    if (!this.#well) return "down";
    return this.#failures >= FAILURES_TO_OPEN ? "resting" : "up";
  }

  /** May it be given a request now? One that has rested is tried with a single one. */
  available(nowMs: number): boolean {
    if (this.#draining || !this.#well) return false;
    return this.#failures < FAILURES_TO_OPEN || (nowMs >= this.#closedUntilMs && !this.#probing);
  }

  begin(): void {
    this.#inFlight++;
    if (this.#failures >= FAILURES_TO_OPEN) this.#probing = true;
  }

  /** `ok` undefined: nothing was learnt of it (the caller left). */
  end(ok: boolean | undefined, nowMs: number): void {
    this.#inFlight--;
    this.#probing = false;
    if (ok === undefined) return;
    if (ok) {
      this.#failures = 0;
      this.#restMs = REST_MS;
    } else if (++this.#failures >= FAILURES_TO_OPEN) {
      this.#closedUntilMs = nowMs + this.#restMs;
      this.#restMs = Math.min(MAX_REST_MS, this.#restMs * 2);
    }
  }

  /** What its health check said. One missed check may be a busy moment; the second in a row is not. */
  checked(well: boolean): void {
    this.#missed = well ? 0 : this.#missed + 1;
    this.#well = this.#missed < MISSES_TO_FALL;
  }

  /** Takes a changed weight, or is to drain: to get no new requests, while those under way go on. */
  update(spec: ReplicaSpec): void {
    this.#spec = spec;
    this.#draining = spec.draining === true;
  }
}

/** FNV-1a over UTF-16 code units, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
