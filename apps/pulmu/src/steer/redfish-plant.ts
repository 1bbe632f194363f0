import type { Catalog } from "@pulmu/catalog";
import { LeaseKeeper } from "@pulmu/power";
import { rackDevices, type BmcAccess } from "../bmc/rack-devices.ts";
import type { SteeredDevices, SteeredPlant } from "./steered-plant.ts";

/**
 * A plant whose caps go over Redfish to the BMCs of its trays. Time is this machine's, which does not jump; the wall's is the plant's own.
 * @throws PulmuError `bmc.no-profile`, when steering begins, for a rack whose BMC the catalogue does not know
 */
export function redfishPlant(
  plant: Pick<SteeredPlant, "site" | "scenario" | "seen" | "tellsWork">,
  wallMs: () => number,
  catalog: Catalog,
  access: BmcAccess,
): SteeredPlant {
  return {
    ...plant,
    clock: { monotonicMs: () => performance.now(), wallMs },
    openDevices: () => keptDevices(new LeaseKeeper(rackDevices(plant.site.racks, catalog, access))),
  };
}

/** A keeper that runs for as long as its devices are held: it must not go on writing when another process steers. */
function keptDevices(keeper: LeaseKeeper): SteeredDevices {
  const stop = new AbortController();
  const run = keeper.run(stop.signal);
  return {
    commission: (fallbackCapW) => keeper.commission(fallbackCapW),
    send: (writes) => keeper.send(writes),
    ask: (racks) => keeper.ask(racks),
    reports: () => keeper.reports(),
    close: async () => {
      stop.abort();
      await run;
    },
  };
}
