import type { Simulation } from "@pulmu/twin";
import { EmulatedBmc } from "./emulated-bmc.ts";
import { bmcProfile, trayId } from "./rack-devices.ts";
import { twinTrays } from "./twin-trays.ts";

/**
 * A BMC for each tray of some racks of the twin, by tray id: serve them with `serveBmcs`, and the twin is steered over Redfish.
 * @throws PulmuError `bmc.no-profile` for a rack whose BMC the catalogue does not know
 */
export function twinBmcs(
  simulation: Simulation,
  racks: readonly number[],
  login: { readonly user: string; readonly password: string },
): ReadonlyMap<string, EmulatedBmc> {
  const { catalog, site } = simulation;
  const bmcs = racks.flatMap((rack) => {
    const { id, type } = site.racks[rack];
    const profile = bmcProfile(catalog, type.id);
    const trays = twinTrays(simulation, rack, catalog.accelerators.get(type.acceleratorId)!);
    const firmware = { version: profile.minFirmware };
    return trays.map((tray, i) => [trayId(id, i + 1), new EmulatedBmc({ profile, tray, ...login, firmware })] as const);
  });
  return new Map(bmcs);
}
