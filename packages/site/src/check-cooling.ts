import type { Catalog, Climate } from "@pulmu/catalog";
import { formatPower } from "@pulmu/units";
import type { CheckRow, Findings } from "./check-report.ts";
import { shortfallK, type CoolingDesign } from "./cooling-design.ts";
import type { Redundancy, Site } from "./model.ts";

/** Heat against what carries it, a spare unit out, at design weather; and design weather against the climate. */
export function checkCooling(site: Site, design: CoolingDesign, catalog: Catalog, problems: Findings, warnings: Findings): CheckRow[] {
  const rows: CheckRow[] = [];
  const judge = (element: object, key: string, row: Omit<CheckRow, "share">, rule: (heat: string, capacity: string) => string): void => {
    const share = row.ratingW > 0 ? row.provisionedW / row.ratingW : row.provisionedW > 0 ? Infinity : 0;
    rows.push({ ...row, share });
    if (share <= 1) return;
    const text = rule(formatPower(row.provisionedW), formatPower(row.ratingW));
    problems.add(element, { code: `check.${row.kind}-capacity`, rule: text }, { key, weight: share });
  };
  const spareOut = (redundancy: Redundancy): string => (redundancy === "N+1" ? "with one unit out " : "");

  site.cdus.forEach((cdu, c) => {
    const { id, capacityW, redundancy } = cdu;
    const row = { id, kind: "cdu", provisionedW: design.cdus[c].heatW, ratingW: capacityW };
    judge(cdu, "units", row, (heat, capacity) => `the racks give "${id}" ${heat} of heat; ${spareOut(redundancy)}it carries ${capacity}`);
  });
  site.loops.forEach((loop, l) => {
    const { id, capacityW, airCapacityW, chillerCapacityW, redundancy } = loop;
    const { liquidHeatW, airHeatW, chilledW } = design.loops[l];
    const liquid = { id, kind: "loop", provisionedW: liquidHeatW, ratingW: capacityW };
    judge(
      loop,
      "capacity",
      liquid,
      (heat, capacity) => `"${id}" gets ${heat} of heat; ${spareOut(redundancy)}it rejects ${capacity} at design weather`,
    );
    const air = { id, kind: "air", provisionedW: airHeatW, ratingW: airCapacityW };
    judge(loop, "airCapacity", air, (heat, capacity) => `${heat} of heat goes to the air; the air handlers of "${id}" carry ${capacity}`);
    if (chilledW === 0) return;
    const shortK = shortfallK(loop);
    const why = shortK > 0 ? `the coolers stay ${shortK.toFixed(1)} K above the set point at design weather: ` : "";
    const chilled = { id, kind: "chiller", provisionedW: chilledW, ratingW: chillerCapacityW };
    judge(
      loop,
      "chillerCapacity",
      chilled,
      (heat, capacity) => `${why}the chillers of "${id}" must lift ${heat} of heat and can lift ${capacity}`,
    );
  });
  checkInlets(site, problems);
  const climate = catalog.climates.get(site.climateId);
  if (climate !== undefined) checkWeather(site, climate, warnings);
  return rows;
}

/** Water that reaches the racks warmer than they bear slows them from the first hour. */
function checkInlets(site: Site, problems: Findings): void {
  for (const { firstRack, endRack } of site.halls) {
    for (let r = firstRack; r < endRack; r++) {
      const { cdu, type, hall, position } = site.racks[r];
      if (position !== 1) continue; // a row's racks hang alike
      const { part, loop, id } = site.cdus[cdu];
      const inletC = site.loops[loop].supplyC + part.approachK;
      if (inletC <= type.maxInletC) continue;
      const rule = `"${id}" gives ${inletC} °C, and ${type.name} runs unthrottled up to ${type.maxInletC} °C`;
      problems.add(site.halls[hall], { code: "check.inlet", rule }, { key: "cdu", weight: inletC });
    }
  }
}

function checkWeather({ loops }: Site, climate: Climate, warnings: Findings): void {
  const warmest = (mean: readonly number[], swing: readonly number[]): number => Math.max(...mean.map((meanC, m) => meanC + swing[m] / 2));
  const wetC = warmest(climate.wetBulbMeanC, climate.wetBulbSwingK);
  const dryC = warmest(climate.dryBulbMeanC, climate.dryBulbSwingK);
  for (const loop of loops) {
    const [what, designC, warmC] =
      loop.cooler.kind === "adiabatic-cooler" ? ["wet bulb", loop.designWetBulbC, wetC] : ["dry bulb", loop.designDryBulbC, dryC];
    if (warmC <= designC) continue;
    const rule = `design ${what} of "${loop.id}" is ${designC} °C, and an ordinary summer afternoon at ${climate.name} has ${warmC.toFixed(1)} °C`;
    warnings.add(loop, { code: "check.design-weather", rule }, { key: "design", weight: warmC - designC });
  }
}
