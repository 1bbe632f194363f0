import type { BmcProfile, Catalog } from "@pulmu/catalog";
import { groupActuator, redfishActuator, type KeptDevice, type RedfishOptions } from "@pulmu/power";
import type { Rack } from "@pulmu/site";
import { PulmuError } from "@pulmu/units";

/** How to get at the BMCs of a site. */
export interface BmcAccess extends Pick<RedfishOptions, "trust" | "credentials" | "limits"> {
  /** Address of a tray's BMC; trays count from 1. */
  urlOf(rackId: string, tray: number): string;
}

/** What `urlOf` and errors call a tray: `h1/r03/07/tray-04`. */
export function trayId(rackId: string, tray: number): string {
  return `${rackId}/tray-${String(tray).padStart(2, "0")}`;
}

/**
 * The racks of a site, each as one device made of its trays' BMCs, for a `LeaseKeeper`.
 * @throws PulmuError `bmc.no-profile` for a rack whose BMC the catalogue does not know
 */
export function rackDevices(racks: readonly Rack[], catalog: Catalog, access: BmcAccess): readonly KeptDevice[] {
  const { trust, credentials, limits } = access;
  return racks.map(({ id, type }) => {
    const profile = bmcProfile(catalog, type.id);
    const { minCapW: gpuMinW, tdpW: gpuMaxW } = catalog.accelerators.get(type.acceleratorId)!;
    const parts = Array.from({ length: type.trays }, (_, i) => {
      const place = { id: trayId(id, i + 1), url: access.urlOf(id, i + 1) };
      return redfishActuator({ ...place, profile, gpuMinW, gpuMaxW, trust, credentials, ...(limits !== undefined && { limits }) });
    });
    return { actuator: groupActuator({ id, parts, gpusEach: type.gpusPerTray, gpuMaxW }), gpuMaxW };
  });
}

/**
 * The catalogue's profile for the BMCs of this type of rack: by component where there is a choice, since that is finer.
 * @throws PulmuError `bmc.no-profile`
 */
export function bmcProfile(catalog: Catalog, rackTypeId: string): BmcProfile {
  const profiles = [...catalog.bmcs.values()].filter(({ rackTypeIds }) => rackTypeIds.includes(rackTypeId));
  const profile = profiles.find(({ nodeManager }) => nodeManager === undefined) ?? profiles[0];
  if (profile !== undefined) return profile;
  const hint = "add one under `bmcs` in a fact file, see docs/guides/catalogue.md";
  throw new PulmuError({ code: "bmc.no-profile", value: rackTypeId, rule: "no BMC profile for racks of this type", hint });
}
