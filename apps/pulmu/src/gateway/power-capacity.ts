import type { Capacity, Curtailment } from "@pulmu/gateway";
import type { ScopeLimit } from "@pulmu/power";
import { formatPower } from "@pulmu/units";
import type { LiveFactory } from "../live/factory.ts";
import type { Steering } from "../steer/steering.ts";

/** Draw over what is allowed, from which on flexible work makes room, and at which it has made all it can. */
const EASY = 0.85;
const FULL = 0.95;

/**
 * What the power room has for tokens. A load target below what would be drawn without it takes flexible work all its places; one above
 * takes them as the draw comes near it. Where even the lowest caps are too much, or critical work is cut, flexible work keeps none either.
 * Without a power room nobody knows: there is power for all.
 */
export function capacityOf(factory: LiveFactory): Capacity {
  return {
    curtailment: (nowMs) => {
      const { steering } = factory;
      if (steering === undefined) return undefined;
      const found = factory.view("curtailment", () => curtailmentOf(steering, factory));
      return found && { ...found, untilMs: found.endsInMs === undefined ? undefined : nowMs + found.endsInMs };
    },
  };
}

/** As long as it is remembered, the end is told as a time to go: the plant's clock may be another than the gateway's. */
type Found = Omit<Curtailment, "untilMs"> & { readonly endsInMs: number | undefined };

function curtailmentOf(steering: Steering, { simulation, info }: LiveFactory): Found | undefined {
  const { scopes, shortW, criticalCuts } = steering.view();
  if (shortW > 0) return { reason: "even the lowest caps need more power than may be drawn", endsInMs: undefined, flexibleShare: 0 };
  let tightest: { readonly scope: ScopeLimit; readonly share: number } | undefined;
  for (const scope of scopes) {
    if (scope.stretch?.target.limitW === undefined) continue;
    const baselineW = steering.events.find(scope.stretch.target.id)?.baselineW ?? 0;
    const share = baselineW > scope.goalW ? 0 : shareOf(scope.drawnW / scope.goalW);
    if (tightest === undefined || share < tightest.share) tightest = { scope, share };
  }
  const share = criticalCuts.length > 0 ? 0 : (tightest?.share ?? 1);
  if (share === 1) return undefined;
  if (tightest === undefined) return { reason: "critical work has less power than it needs", endsInMs: undefined, flexibleShare: 0 };
  const { target, untilMs } = tightest.scope.stretch!;
  const where = target.feedTag === undefined ? "" : ` for ${target.feedTag}`;
  const traceparent = steering.events.traceparentOf(target.id);
  return {
    reason: `the grid's load target is ${formatPower(target.limitW!)}${where}`,
    endsInMs: untilMs === Infinity ? undefined : (untilMs - simulation.atMs) / info.speed,
    flexibleShare: share,
    ...(traceparent !== undefined && { traceparent }),
  };
}

/** NaN, where no meter is trusted, counts as full. */
function shareOf(load: number): number {
  if (load <= EASY) return 1;
  return load < FULL ? (FULL - load) / (FULL - EASY) : 0;
}
