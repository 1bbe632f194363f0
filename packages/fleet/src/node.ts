/** Where a node stands in its life. */
export const NODE_STATES = ["provisioning", "ready", "allocated", "degraded", "draining", "in-repair", "retired"] as const;
export type NodeState = (typeof NODE_STATES)[number];

/**
 * What its sources say of a node together. `unknown`: one that must speak is silent. It is not healthy, and not ill either: it gets no new
 * work, and nothing is taken from it.
 */
export const HEALTHS = ["ok", "suspect", "failed", "unknown"] as const;
export type Health = (typeof HEALTHS)[number];

/** One rule that holds on a node now. */
export interface Finding {
  readonly ruleId: string;
  /** `GPU3`, `PSU1`; "" for the node itself. */
  readonly component: string;
  readonly severity: "watch" | "suspect" | "failed";
  readonly remedy: Remedy;
  /** As the source said it. */
  readonly text: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

export const REMEDIES = ["none", "restart-app", "reset-gpu", "reboot", "replace"] as const;
export type Remedy = (typeof REMEDIES)[number];

/** A machine that work runs on: a compute tray of a rack, a server. */
export interface FleetNode {
  /** `h1/r03/07/t05`, or the engine's name for it. */
  readonly id: string;
  /** The rack it stands in: `h1/r03/07`. */
  readonly rackId: string;
  readonly typeId: string;
  readonly serial: string;
  readonly gpus: number;
  readonly state: NodeState;
  readonly health: Health;
  /** Whose work is on it; undefined: nobody's. Stays while the node is degraded and drained, until the engine says that it is empty. */
  readonly tenantId: string | undefined;
  readonly findings: readonly Finding[];
  /** Since when it is in this state. */
  readonly sinceMs: number;
  /** Why it is drained or in repair; "" otherwise. */
  readonly reason: string;
  /** The engine was told to drain it, and has yet to be told that it is back. */
  readonly owesResume: boolean;
  /** Number of the last change to it: what pollers ask from. */
  readonly change: number;
}

/** May new work be put on it? Only a ready node that is known to be well. */
export function isAvailable(node: Pick<FleetNode, "state" | "health" | "tenantId">): boolean {
  return node.state === "ready" && node.health === "ok" && node.tenantId === undefined;
}
