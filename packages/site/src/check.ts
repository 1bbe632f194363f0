import type { Catalog } from "@pulmu/catalog";
import { checkCooling } from "./check-cooling.ts";
import { checkPaths } from "./check-paths.ts";
import { checkEnvelope, checkPower } from "./check-power.ts";
import { Findings, type CheckReport } from "./check-report.ts";
import { coolingAtDesign } from "./cooling-design.ts";
import type { Site } from "./model.ts";
import { drawnFromFeedsW, siteLoads, type Load } from "./power-flow.ts";

/**
 * The engineering check of one phase: does everything that is provisioned get its power on every path that is promised, within every
 * rating, with losses, up to the feeds and the envelope; and does its heat get out at design weather. On a steered site more power than
 * the ratings is a warning, for caps will hold it; heat and paths are problems always.
 */
export function checkSite(site: Site, catalog: Catalog): CheckReport {
  const problems = new Findings();
  const warnings = new Findings();
  const cooling = coolingAtDesign(site);
  const coolingLoads: Load[] = [
    ...site.cdus.map(({ parents }, c) => ({ parents, powerW: cooling.cdus[c].powerW })),
    ...site.loops.map(({ parents }, l) => ({ parents, powerW: cooling.loops[l].powerW })),
  ];
  const loads = [...siteLoads(site, ({ provisionedW }) => provisionedW), ...coolingLoads];
  const overloads = site.steered ? warnings : problems;

  checkPaths(site, problems, warnings);
  const power = checkPower(site, loads, overloads);
  const totals = totalsOf(site, loads, coolingLoads);
  checkEnvelope(site, totals.siteW, overloads);
  const coolingRows = checkCooling(site, cooling, catalog, problems, warnings);
  checkWork(site, totals.gpus, warnings);
  return { totals, power, cooling: coolingRows, problems: problems.list(), warnings: warnings.list() };
}

function totalsOf(site: Site, loads: readonly Load[], coolingLoads: readonly Load[]): CheckReport["totals"] {
  const sum = (list: readonly Load[]): number => list.reduce((total, { powerW }) => total + powerW, 0);
  const rackW = site.racks.reduce((total, { provisionedW }) => total + provisionedW, 0);
  const gpus = site.racks.reduce((total, { type }) => total + type.trays * type.gpusPerTray, 0);
  const itW = rackW + sum(site.fixedLoads.filter(({ it }) => it));
  const facilityW = sum(site.fixedLoads.filter(({ it }) => !it));
  const siteW = drawnFromFeedsW(site, loads);
  return {
    racks: site.racks.length,
    gpus,
    rackW,
    itW,
    lossW: siteW - sum(loads),
    coolingW: sum(coolingLoads),
    facilityW,
    siteW,
    envelopeW: site.phase.envelopeW,
    pue: siteW / itW,
    allInWPerGpu: siteW / gpus,
  };
}

/** Work that asks for more GPUs than stand there is no fault of the site, but some of it will wait. */
function checkWork({ workloads, halls, racks, engineRacks }: Site, standing: number, warnings: Findings): void {
  const gpus = engineRacks.reduce((left, { rack }) => left - racks[rack].type.trays * racks[rack].type.gpusPerTray, standing);
  const wanted = workloads.reduce((sum, { demand }) => sum + ("gpus" in demand ? demand.gpus : demand.share * gpus), 0);
  if (wanted <= gpus) return;
  const rule = `the tenants ask for ${Math.round(wanted)} GPUs and ${gpus} stand: some work will wait`;
  warnings.add(halls[0], { code: "check.more-work-than-gpus", rule });
}
