import { useMemo } from "react";
import { useSite } from "../api/queries.ts";

const COLOURS = 8;

/** A tenant's colour, the same on every page: by its place in the site's list. */
export function useTenantColour(): (id: string) => string {
  const tenants = useSite().data?.tenants;
  return useMemo(() => {
    const places = new Map((tenants ?? []).map(({ id }, i) => [id, `var(--t${(i % COLOURS) + 1})`]));
    return (id: string) => places.get(id) ?? "var(--facility)";
  }, [tenants]);
}
