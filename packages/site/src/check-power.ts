import { formatPower, type Problem } from "@pulmu/units";
import type { CheckRow, Findings } from "./check-report.ts";
import type { Hall, PowerNode, Site } from "./model.ts";
import { worstOutputW, type Load } from "./power-flow.ts";
import { counted } from "./words.ts";

/** Provisioned load with losses against each rating: a spare unit out, and of two sources the other out. */
export function checkPower(site: Site, loads: readonly Load[], findings: Findings): CheckRow[] {
  const worst = worstOutputW(site.nodes, loads);
  return site.nodes.map((node, n) => {
    const { id, kind, ratingW } = node;
    const share = worst[n] / ratingW;
    if (share > 1) {
      const racks = racksBelow(site, n);
      const overload = overloadOf(
        racks,
        worst[n],
        kind === "feed" ? `feed "${id}" limit` : `${kind} "${id}" rating`,
        ratingW,
        unitsOf(node),
      );
      const biggest = racks.toSorted((a, b) => b.count * b.eachW - a.count * a.eachW)[0]?.hall;
      // A feed too small is the fault of what was put on it; equipment too small is its own.
      if (kind === "feed" && biggest !== undefined) findings.add(biggest, hinted(site, overload), { weight: share });
      else findings.add(node, hinted(site, overload), { key: kind === "feed" ? "limit" : "rating", weight: share });
    }
    return { id, kind, provisionedW: worst[n], ratingW, share };
  });
}

/** What the site draws against the phase's envelope. */
export function checkEnvelope(site: Site, siteW: number, findings: Findings): void {
  const { phase } = site;
  if (siteW <= phase.envelopeW) return;
  const racks = site.halls.map((hall) => rackGroup(site, hall, hall.endRack - hall.firstRack));
  const biggest = racks.toSorted((a, b) => b.count * b.eachW - a.count * a.eachW)[0].hall;
  const overload = overloadOf(racks, siteW, `the envelope of phase ${phase.id},`, phase.envelopeW, "");
  findings.add(biggest, hinted(site, { ...overload, code: "check.envelope" }));
}

interface RackGroup {
  readonly hall: Hall;
  readonly count: number;
  readonly eachW: number;
}

/** Racks that may draw through a node, by hall. */
function racksBelow(site: Site, top: number): RackGroup[] {
  const below = new Uint8Array(site.nodes.length);
  below[top] = 1;
  for (let n = top + 1; n < site.nodes.length; n++) if (site.nodes[n].parents.some((parent) => below[parent] === 1)) below[n] = 1;
  return site.halls.flatMap((hall) => {
    let count = 0;
    for (let r = hall.firstRack; r < hall.endRack; r++) if (site.racks[r].parents.some((parent) => below[parent] === 1)) count++;
    return count === 0 ? [] : [rackGroup(site, hall, count)];
  });
}

function rackGroup(site: Site, hall: Hall, count: number): RackGroup {
  return { hall, count, eachW: site.racks[hall.firstRack].provisionedW };
}

/** `400 racks × 142 kW = 56.8 MW, 59.1 MW with losses and all else, exceeds feed "main-a" limit 55.0 MW`. */
function overloadOf(racks: readonly RackGroup[], allW: number, limit: string, limitW: number, units: string): Problem {
  const byPower = Map.groupBy(racks, ({ eachW }) => eachW);
  const terms = [...byPower].map(([eachW, groups]) => ({ eachW, count: groups.reduce((sum, { count }) => sum + count, 0) }));
  const racksW = terms.reduce((sum, { eachW, count }) => sum + eachW * count, 0);
  const sum = terms.map(({ eachW, count }) => `${counted(count, "rack")} × ${formatPower(eachW)}`).join(" + ");
  const more = allW > racksW * 1.0005 ? `${racksW > 0 ? ", " : ""}${formatPower(allW)} with losses and all else,` : "";
  const what = racksW > 0 ? `${sum} = ${formatPower(racksW)}${more}` : `load of ${formatPower(allW)}`;
  return { code: "check.overload", rule: `${what} exceeds ${limit} ${formatPower(limitW)}${units}` };
}

function unitsOf({ units, unitRatingW, redundancy }: PowerNode): string {
  if (units === 1) return "";
  return ` (${units} × ${formatPower(unitRatingW)}${redundancy === "N+1" ? ", one spare" : ""})`;
}

function hinted({ steered }: Site, problem: Problem): Problem {
  const hint = steered
    ? "the site is steered: caps must keep it below"
    : "fewer racks, a powerLimit, or steered: true where caps will keep it below";
  return { ...problem, hint };
}
