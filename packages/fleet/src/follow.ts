import type { EngineNode } from "./engine.ts";
import type { Verdict } from "./health/judge.ts";
import { type LifeEvent, nextState } from "./life-cycle.ts";
import type { FleetNode } from "./node.ts";

/** What was seen of a node: by its sources, and by the engine (undefined: it did not answer, or does not know the node). */
export interface Seen {
  readonly nodeId: string;
  readonly verdict: Verdict;
  readonly engine: EngineNode | undefined;
}

export interface FollowOptions {
  /** May an ill node be taken out of service without being asked? */
  readonly mayTakeOut: boolean;
  /** It has been well for as long as the rules ask. */
  readonly wellLongEnough: boolean;
}

/** What follows for a node from what was seen of it: the node as it is then, and what happened to it, in order. */
export function follow(
  before: FleetNode,
  seen: Seen,
  options: FollowOptions,
): { readonly node: FleetNode; readonly events: readonly LifeEvent[] } {
  const { verdict, engine } = seen;
  const events: LifeEvent[] = [];
  let node: FleetNode = { ...before, health: verdict.health, findings: verdict.findings };
  const happen = (event: LifeEvent): boolean => {
    const state = nextState(node, event);
    if (state === undefined) return false;
    if (state !== node.state) node = { ...node, state };
    events.push(event);
    return true;
  };

  if (node.state === "retired" || node.state === "provisioning" || node.state === "in-repair") return { node, events };
  const tenantId = tenantSeen(node, engine);
  if (tenantId !== node.tenantId) {
    node = { ...node, tenantId };
    happen(tenantId === undefined ? "released" : "allocated");
  }
  if (verdict.health === "suspect" || verdict.health === "failed") happen("fell-ill");
  if (node.state === "degraded" && verdict.health === "failed" && options.mayTakeOut && happen("drain-asked")) {
    const [worst] = verdict.findings;
    node = { ...node, reason: `${worst.ruleId}${worst.component === "" ? "" : ` ${worst.component}`}: ${worst.text}` };
  }
  if (node.state === "degraded" && verdict.health === "ok" && options.wellLongEnough) happen("recovered");
  // Somebody drained it in the engine: that is a decision, and is respected.
  if (engine?.draining === true && !node.owesResume && happen("drain-asked")) node = { ...node, reason: "drained in the engine" };
  // Only an engine that says both "nothing new" and "nothing there" has drained it.
  if (node.state === "draining" && engine?.draining === true && engine.occupancy === "empty") happen("drained");
  if (engine?.draining === false && node.owesResume) node = { ...node, owesResume: false };
  return { node, events };
}

/** Whose work the engine says is on the node; where it says nothing, whose it was. "?" is somebody's whom the engine does not name. */
export function tenantSeen(node: FleetNode, engine: EngineNode | undefined): string | undefined {
  if (engine === undefined || engine.occupancy === "unknown") return node.tenantId;
  return engine.occupancy === "empty" ? undefined : (engine.tenantId ?? "?");
}
