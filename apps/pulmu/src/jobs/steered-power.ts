import type { PowerSource, PowerState } from "@pulmu/jobs";
import { formatPower } from "@pulmu/units";
import type { Steering } from "../steer/steering.ts";

/**
 * What the site's steering leaves to an engine's jobs: of their own contract, the share that the envelope leaves of the site's. A load
 * target of 75 % of the contract is 75 % for the jobs.
 */
export function steeredPower(steering: Steering, now: () => number): PowerSource {
  return {
    now(contractW): PowerState {
      const { goalW, contractW: siteW, stretch } = steering.view().scopes[0];
      const shareOf = (limitW: number) => Math.min(1, Math.max(0, limitW / siteW));
      const next = steering.targets.of(undefined).find(({ fromMs }) => fromMs > now());
      const state: PowerState = {
        budgetW: contractW * shareOf(goalW),
        cause:
          stretch === undefined || goalW >= siteW
            ? undefined
            : {
                text: `load target ${stretch.target.id}: site ${formatPower(siteW)} → ${formatPower(goalW)}`,
                traceparent: traceparentOf(steering, stretch.target.id),
              },
        ...(next?.target.limitW !== undefined && { next: { fromMs: next.fromMs, budgetW: contractW * shareOf(next.target.limitW) } }),
      };
      return state;
    },
  };
}

/** The trace that the grid's message began; the journal's lines on the target carry it too. */
function traceparentOf(steering: Steering, targetId: string): string {
  const trace = steering.events.find(targetId)?.trace ?? "";
  return /^[0-9a-f]{32}$/.test(trace) ? `00-${trace}-${trace.slice(16)}-01` : "";
}
