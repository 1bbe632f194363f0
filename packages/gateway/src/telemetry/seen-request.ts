import type { Ask } from "../endpoints/endpoint.ts";
import type { Energy } from "../metering/energy.ts";
import type { Usage } from "../metering/usage.ts";
import type { DeploymentSpec } from "../routing/deployment.ts";

/** What is noted of a request while it is answered, where somebody wants to know. */
export interface RequestNote {
  ask?: Ask;
  /** Rules of the policy that decided: allowed it, or forbade it. */
  rules?: readonly string[];
  waitedMs?: number;
  /** Trace of what made it wait, or turned it away: the grid's message. */
  because?: string | undefined;
  /** Why it was turned away, in our own words: by a policy, a limit, or for want of room or power. */
  refusal?: string;
  /** Who answered, what it took, and what is billed. */
  spec?: DeploymentSpec;
  usage?: Usage;
  energy?: Energy;
}

/** A request that is over. It says nothing of what was asked or answered. */
export interface SeenRequest extends Readonly<RequestNote> {
  readonly requestId: string;
  /** Of the gateway's own step. */
  readonly traceparent: string;
  /** As the caller sent it; undefined: the trace begins here. */
  readonly parent: string | undefined;
  /** `/chat/completions`. */
  readonly path: string;
  readonly tenantId: string;
  readonly projectId: string;
  readonly keyId: string;
  /** Epoch ms. */
  readonly startMs: number;
  readonly endMs: number;
  /** The caller went away before the end. */
  readonly left: boolean;
  /** Code of the refusal; undefined: it was answered. */
  readonly error: string | undefined;
}
