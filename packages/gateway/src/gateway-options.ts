import type { Principal } from "@pulmu/govern";
import type { Store } from "@pulmu/journal";
import type { Calendar, Estimate, Hold, Recorded, Settlement, Spender } from "@pulmu/ledger";
import type { Capacity, ServiceClass } from "./admission/capacity.ts";
import type { RandomBytes } from "./http/request-ids.ts";
import type { PiiAction } from "./policy/pii/guard.ts";
import type { Decision, Flow, Policy } from "./policy/policy.ts";
import type { DeploymentSpec } from "./routing/deployment.ts";
import type { SeenRequest } from "./telemetry/seen-request.ts";

/** Says whose a key is: govern's Gatekeeper. */
export interface Authenticator {
  authenticate(text: string, nowMs: number): Principal;
  refresh(): Promise<void>;
}

/** Reserves before and settles after: the ledger. */
export interface Accounts {
  tryReserve(spender: Spender, estimate: Estimate): Hold | undefined;
  reserve(spender: Spender, estimate: Estimate): Promise<Hold>;
  settle(hold: Hold, settlement: Settlement): Promise<Recorded>;
  release(hold: Hold): void;
}

/** Every bound of the gateway; what happens at it stands beside it. */
export interface GatewayLimits {
  /** 413 beyond. */
  readonly maxBodyBytes: number;
  /** 400 beyond. */
  readonly maxDepth: number;
  /** 431 beyond, by Node. */
  readonly maxHeaderBytes: number;
  /** 408 when head and body of a request have not come by then. */
  readonly receiveMs: number;
  /** Requests under way; 503 beyond. */
  readonly maxInFlight: number;
  /** An answer in one piece; 502 beyond. */
  readonly maxAnswerBytes: number;
  /** One event of a stream; the stream ends with an error beyond. */
  readonly maxEventBytes: number;
  /** A whole answer; 504 or the end of a stream beyond. */
  readonly maxAnswerMs: number;
}

export const DEFAULT_LIMITS: GatewayLimits = {
  maxBodyBytes: 32 * 1024 * 1024,
  maxDepth: 64,
  maxHeaderBytes: 16 * 1024,
  receiveMs: 30_000,
  maxInFlight: 20_000,
  maxAnswerBytes: 64 * 1024 * 1024,
  maxEventBytes: 4 * 1024 * 1024,
  maxAnswerMs: 3_600_000,
};

export interface GatewayOptions {
  readonly authenticator: Authenticator;
  readonly accounts: Accounts;
  readonly calendar: Calendar;
  readonly deployments: readonly DeploymentSpec[];
  /** Decides before a byte leaves; everything is allowed unless said. */
  readonly policy?: Policy;
  /** Told of each refusal by a policy, for the record. */
  readonly onDenied?: (flow: Flow, decision: Decision, request: { readonly requestId: string; readonly traceparent: string }) => void;
  /** What happens to personal data in this caller's requests; nothing unless said. */
  readonly piiActionOf?: (principal: Principal) => PiiAction;
  /** What the power room allows; everything unless said. */
  readonly capacity?: Capacity;
  /** Whose work gives way; all is `standard` unless said. A request may lower its class, never raise it. */
  readonly serviceClassOf?: (principal: Principal) => ServiceClass;
  /** Told of each request when it is over; must not throw. Without it nothing is noted. */
  readonly onSeen?: ((seen: SeenRequest) => void) | undefined;
  /** Epoch ms. */
  readonly now: () => number;
  /** ms that are never set back: how long something took, how long a replica rests. This process's own clock unless said. */
  readonly monotonicMs?: () => number;
  /** 0…1, for routing. */
  readonly random: () => number;
  readonly randomBytes: RandomBytes;
  /** Keeps files and batches; without it there are none. Brought up to date by `start`. */
  readonly store?: Store;
  readonly limits?: Partial<GatewayLimits>;
  /** Told of what should not happen: a defect, for the log. */
  readonly onDefect: (error: unknown) => void;
}
