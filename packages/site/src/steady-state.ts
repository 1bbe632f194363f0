import { lossW, type Catalog, type RackType } from "@pulmu/catalog";
import type { Site } from "./model.ts";
import { drawnFromFeedsW, siteLoads } from "./power-flow.ts";

/**
 * What the site draws from its feeds with every GPU and tray idle, or every one of them at its rated power, W: racks with their power
 * supplies, fixed loads, and the losses of the path. Without the cooling plant (its fixed loads, if the file names any, are in).
 */
export function steadyStateW(site: Site, catalog: Catalog, state: "idle" | "max"): number {
  const powers = new Map<RackType, number>();
  return drawnFromFeedsW(
    site,
    siteLoads(site, ({ type }) => {
      const known = powers.get(type);
      if (known !== undefined) return known;
      const powerW = rackSteadyW(type, site, catalog, state);
      powers.set(type, powerW);
      return powerW;
    }),
  );
}

function rackSteadyW(type: RackType, site: Site, catalog: Catalog, state: "idle" | "max"): number {
  const accelerator = site.accelerators.get(type.acceleratorId) ?? catalog.accelerators.get(type.acceleratorId);
  if (accelerator === undefined) throw new Error(`no accelerator "${type.acceleratorId}"`);
  const [gpuW, trayW] = state === "idle" ? [accelerator.idleW, type.trayIdleW] : [accelerator.tdpW, type.trayBusyW];
  const dcW = type.trays * (type.gpusPerTray * gpuW + trayW) + type.rackOverheadW;
  return dcW + lossW(type.psuLoss, type.psuRatingW, dcW);
}
