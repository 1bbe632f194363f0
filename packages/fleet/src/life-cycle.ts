import type { FleetNode, NodeState } from "./node.ts";

/** What happens to a node. */
export const LIFE_EVENTS = ["validated", "allocated", "released", "fell-ill", "recovered", "drain-asked", "drain-cancelled", "drained", "retired"] as const; // prettier-ignore
export type LifeEvent = (typeof LIFE_EVENTS)[number];

type Facts = Pick<FleetNode, "state" | "health" | "tenantId">;

/** Back among those that serve, as what it is known to be. */
function serving({ health, tenantId }: Facts): NodeState {
  if (health === "failed" || health === "suspect") return "degraded";
  return tenantId === undefined ? "ready" : "allocated";
}

/**
 * The state after an event; undefined where the event cannot happen. A node comes into repair through `drained` alone, and out of it
 * through `validated` alone: nothing is mended under somebody's work, and nothing serves that was not tried.
 */
export function nextState(node: Facts, event: LifeEvent): NodeState | undefined {
  const { state } = node;
  switch (event) {
    case "validated":
      return state === "provisioning" || state === "in-repair" ? "ready" : undefined;
    case "allocated":
      return state === "ready" && node.health === "ok" ? "allocated" : undefined;
    case "released":
      return state === "allocated" ? "ready" : state === "degraded" || state === "draining" ? state : undefined;
    case "fell-ill":
      return state === "ready" || state === "allocated" ? "degraded" : undefined;
    case "recovered":
      return state === "degraded" && node.health === "ok" ? serving(node) : undefined;
    case "drain-asked":
      return state === "ready" || state === "allocated" || state === "degraded" ? "draining" : undefined;
    case "drain-cancelled":
      return state === "draining" ? serving(node) : undefined;
    case "drained":
      return state === "draining" ? "in-repair" : undefined;
    case "retired":
      return state === "provisioning" || state === "in-repair" || (state === "ready" && node.tenantId === undefined)
        ? "retired"
        : undefined;
  }
}
