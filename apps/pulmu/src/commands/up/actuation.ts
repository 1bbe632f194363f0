import { PulmuError } from "@pulmu/units";
import { readBmcAccess } from "../../bmc/access-file.ts";
import { openBmcHouse, type BmcHouse } from "../../bmc/bmc-house.ts";
import type { BusHome } from "../../bus/bus-home.ts";
import type { BusPlant, LiveBus } from "../../bus/live-bus.ts";
import { redfishPlant } from "../../steer/redfish-plant.ts";
import { twinPlant, type SteeredPlant } from "../../steer/steered-plant.ts";
import type { UpOptions } from "./options.ts";

/** What is steered from here: the twin of this process, or a site whose BMCs can be reached. Undefined: nothing is. */
export function steeredPlant(
  { steering, role, bmcs }: UpOptions,
  { twin, ...plant }: BusPlant,
  bus: LiveBus | undefined,
): SteeredPlant | undefined {
  if (bmcs !== undefined && role !== "operator")
    throw new PulmuError({
      code: "up.role",
      path: "--bmcs",
      rule: "an operator steers over Redfish: the twin of this process needs no wire",
    });
  if (!steering || role === "site") return undefined;
  if (twin !== undefined) return twinPlant(twin);
  if (bmcs === undefined) return undefined;
  const { plant: seen, operator } = bus!;
  const observed = { ...plant, seen: seen!, tellsWork: false };
  return redfishPlant(observed, () => operator!.reader.plantMs, plant.catalog, readBmcAccess(bmcs));
}

/** The BMCs of a twin that somebody else is to steer. */
export async function openBmcsOf({ serveBmcs, role }: UpOptions, { twin }: BusPlant, home: BusHome): Promise<BmcHouse | undefined> {
  if (serveBmcs === undefined) return undefined;
  if (role !== "site" || twin === undefined)
    throw new PulmuError({ code: "up.role", path: "--serve-bmcs", rule: "a site serves its BMCs to an operator: --role site" });
  return openBmcHouse(twin, serveBmcs, home.folder);
}
