import { z } from "zod";
import { PulmuError } from "@pulmu/units";
import type { Observation } from "../report.ts";

const status = z.looseObject({ Health: z.string().nullish(), HealthRollup: z.string().nullish(), State: z.string().nullish() });
const resource = z.looseObject({
  "@odata.id": z.string(),
  Id: z.string().optional(),
  Name: z.string().optional(),
  Status: status.nullish(),
});

/**
 * What a BMC says of a resource and those it holds: `Status.Health` (OK, Warning, Critical) and `Status.State` (Enabled, Absent,
 * UnavailableOffline …) of DMTF's Redfish (DSP0268). `document` is one resource, or a list of them (Systems, Chassis, Processors).
 * Health that a BMC leaves out is said to be missing, never taken for good.
 * @throws PulmuError `fleet.redfish` where it is no Redfish resource
 */
export function readRedfish(document: unknown): readonly Observation[] {
  const parsed = z.union([z.array(resource).max(1_000), resource.transform((one) => [one])]).safeParse(document);
  if (!parsed.success)
    throw new PulmuError({
      code: "fleet.redfish",
      rule: "not a Redfish resource: no @odata.id",
      hint: "such as GET /redfish/v1/Systems/1",
    });
  return parsed.data.flatMap((one) => {
    const component = componentOf(one["@odata.id"]);
    const health = one.Status?.HealthRollup ?? one.Status?.Health ?? "Missing";
    const state = one.Status?.State ?? "Missing";
    const text = `${one.Name ?? one.Id ?? one["@odata.id"]}: ${health}, ${state}`.slice(0, 200);
    return [
      { signal: "health", value: health, component, text },
      { signal: "state", value: state, component, text },
    ];
  });
}

/** `/redfish/v1/Systems/HGX/Processors/GPU_3` → `GPU3`; the system or chassis itself → "". */
function componentOf(id: string): string {
  const [kind = "", name = ""] = id.replace(/\/$/, "").split("/").slice(-2);
  if (["Systems", "Chassis", "Managers", "v1"].includes(kind)) return "";
  return name.replace(/^(?:GPU|gpu)[_-]?(\d+)$/, "GPU$1");
}
