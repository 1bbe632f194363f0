import type { Who } from "../../api/types.ts";

/** May whoever looks do this, anywhere at all? What they may do it to, the API says. */
export function may(who: Who | null, action: string): boolean {
  return who !== null && (who.site.includes(action) || who.tenant.includes(action));
}

/** May they do it in the whole site, to any tenant? */
export function mayForSite(who: Who | null, action: string): boolean {
  return who !== null && who.site.includes(action);
}
