import { type Action, may, type Principal } from "@pulmu/govern";
import { PulmuError } from "@pulmu/units";

/** Rows one answer holds at most. */
export const MAX_PAGE = 1_000;

/** @param tenantId undefined: the whole site @throws PulmuError `govern.denied` */
export function permit(by: Principal, action: Action, tenantId: string | undefined): void {
  if (!may(by, action, tenantId))
    throw new PulmuError({
      code: "govern.denied",
      path: action,
      ...(tenantId === undefined ? {} : { value: tenantId }),
      rule: `${by.id} may not do this`,
    });
}
