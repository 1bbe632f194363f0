import { powerW, type FlexData } from "@pulmu/exchange";
import type { LastResort } from "./breach.ts";

type Alert = FlexData["grid.powerbreach.alert.v1"];
type Enforcement = FlexData["grid.powerbreach.enforcement.v1"];
type Relief = Enforcement["results"][number]["requested_action"];
type ResourceType = Enforcement["results"][number]["resource_type"];

/** What an infrastructure agent may do of its own accord. Alerts advise; this decides. */
export interface EnforcementPolicy {
  /** Kinds of relief it carries out when hinted at. */
  readonly reliefs: readonly Relief[];
  /** Hints of one alert that it follows, the first ones. */
  readonly mostHints: number;
  /** What a last resort means here: none unless configured. All of these are suspended, least missed first. */
  readonly lastResorts: Readonly<Partial<Record<LastResort, readonly Resource[]>>>;
}

export interface Resource {
  readonly resourceId: string;
  readonly resourceType: ResourceType;
}

/** Something to carry out, or to take back. */
export interface EnforcementOrder extends Resource {
  readonly breachId: string;
  readonly feedTag: string;
  readonly undo: boolean;
  readonly relief: Relief;
  /** Of a power cap, W; NaN for other reliefs. */
  readonly targetW: number;
}

/** How an order went. */
export interface Outcome {
  readonly order: EnforcementOrder;
  readonly code: Enforcement["results"][number]["code"];
  /** Why it failed or was left. */
  readonly message?: string;
  /** What is in force now, W; NaN when nothing was applied. */
  readonly appliedW: number;
}

interface Enforced {
  readonly feedTag: string;
  readonly orders: Map<string, EnforcementOrder>;
}

/** The decisions of an infrastructure agent: which of what an alert advises is done, and that all of it is undone in the end. */
export class InfraAgent {
  readonly #policy: EnforcementPolicy;
  readonly #breaches = new Map<string, Enforced>();

  constructor(policy: EnforcementPolicy) {
    this.#policy = policy;
  }

  /** What to do now. An alert that comes twice, or says nothing new, asks for nothing. */
  onAlert({ feed_tag, status, breach, shed_hints = [], infrastructure_actions }: Alert): readonly EnforcementOrder[] {
    const breachId = breach.breach_id;
    const known = this.#breaches.get(breachId) ?? { feedTag: feed_tag, orders: new Map() };
    if (status === "resolved") {
      this.#breaches.delete(breachId);
      return [...known.orders.values()].map((order) => ({ ...order, undo: true }));
    }
    this.#breaches.set(breachId, known);
    const { reliefs, mostHints, lastResorts } = this.#policy;
    const order = (resource: Resource, relief: Relief, targetW: number): EnforcementOrder => {
      const { resourceId, resourceType } = resource;
      return { breachId, feedTag: feed_tag, undo: false, resourceId, resourceType, relief, targetW };
    };
    const hinted = shed_hints
      .filter(({ action }) => reliefs.includes(action))
      .slice(0, mostHints)
      .map(({ resource_id: resourceId, resource_type: resourceType, action, target_power }) =>
        order({ resourceId, resourceType }, action, target_power === undefined ? NaN : powerW(target_power)),
      );
    const last = infrastructure_actions.flatMap((action) => (lastResorts[action] ?? []).map((resource) => order(resource, "suspend", NaN)));
    const fresh = [...hinted, ...last].filter((one) => isMore(one, known.orders.get(one.resourceId)));
    for (const one of fresh) known.orders.set(one.resourceId, one);
    return fresh;
  }

  /** What to tell of orders that were carried out together. What failed is forgotten: a later alert may ask for it again. */
  report(outcomes: readonly Outcome[], timestampMs: number): Enforcement {
    const [{ order: first }] = outcomes;
    const applied = outcomes.filter(({ code }) => code === "applied").length;
    const failed = outcomes.filter(({ code }) => code === "failed");
    const orders = this.#breaches.get(first.breachId)?.orders;
    for (const { order } of failed) if (orders?.get(order.resourceId) === order) orders.delete(order.resourceId);
    return {
      breach_id: first.breachId,
      feed_tag: first.feedTag,
      action: first.undo ? "reverted" : "applied",
      code: failed.length === 0 ? "success" : applied === 0 ? "error" : "partial",
      results: outcomes.map(({ order, code, message, appliedW }) => ({
        resource_id: order.resourceId,
        resource_type: order.resourceType,
        requested_action: order.relief,
        code,
        ...(message !== undefined && { message }),
        ...(!Number.isNaN(appliedW) && { applied_power: { value: appliedW, unit: "watt" } }),
      })),
      timestamp: new Date(timestampMs).toISOString(),
    };
  }
}

/** Does an order go beyond what was ordered for the same thing? A suspension beats all, a lower cap beats a higher one. */
function isMore(order: EnforcementOrder, before: EnforcementOrder | undefined): boolean {
  if (before === undefined) return true;
  if (before.relief === "suspend") return false;
  return order.relief === "suspend" || order.targetW < before.targetW;
}
