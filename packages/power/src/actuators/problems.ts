import { PulmuError, type Problem } from "@pulmu/units";
import type { Cap } from "./actuator.ts";

/** A problem with a device, which stands where a file name would. */
export function deviceError(id: string, code: string, rule: string, more: Omit<Partial<Problem>, "code" | "rule"> = {}): PulmuError {
  return new PulmuError({ code: `actuator.${code}`, file: id, rule, ...more });
}

/** @throws PulmuError `actuator.bad-cap`: no device is told nonsense */
export function checkCap(id: string, cap: Cap): void {
  if (!(cap.gpuCapW > 0))
    throw deviceError(id, "bad-cap", "a power limit must be above 0 W", { path: "gpuCapW", value: String(cap.gpuCapW) });
  if (!(cap.clockLimit > 0 && cap.clockLimit <= 1))
    throw deviceError(id, "bad-cap", "a clock limit must be above 0 and at most 1", { path: "clockLimit", value: String(cap.clockLimit) });
}
