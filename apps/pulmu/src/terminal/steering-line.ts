import { formatPower } from "@pulmu/units";
import type { LiveFactory } from "../live/factory.ts";
import { localTime } from "./format.ts";
import type { Span, Style } from "./style.ts";

/** How steering stands, in a line: caps against what they have to fit, where a limit is going, and what is wrong. Empty where nobody steers. */
export function steeringLine({ steering, simulation }: LiveFactory, style: Style): readonly Span[] {
  if (steering === undefined) return [];
  if (!steering.leads) return [[" stands by: another pulmu steers", style.orange]];
  const { scopes, liableW, budgetW, shortW, unreachable, disobedient, criticalCuts } = steering.view();
  const line: Span[] = [[" caps ", style.dim], [formatPower(liableW)], [` of ${formatPower(budgetW)} for racks`, style.dim]];
  for (const { feedTag, limitW, goalW, stretch } of scopes) {
    if (stretch === undefined && limitW === goalW) continue;
    const until =
      stretch === undefined || stretch.untilMs === Infinity
        ? ""
        : ` until ${localTime(stretch.untilMs, simulation.site.utcOffsetMin).slice(11, 16)}`;
    const way = limitW === goalW ? "" : ` → ${formatPower(goalW)}`;
    line.push([`  ${feedTag ?? "site"} held to ${formatPower(limitW)}${way}${until}`, style.yellow]);
  }
  if (shortW > 0) line.push([`  ${formatPower(shortW)} beyond reach`, style.red]);
  if (unreachable.length > 0) line.push([`  ${unreachable.length} silent`, style.orange]);
  if (disobedient.length > 0) line.push([`  ${disobedient.length} disobey`, style.red]);
  if (criticalCuts.length > 0) line.push([`  critical work cut on ${criticalCuts.length}`, style.red]);
  return line;
}
