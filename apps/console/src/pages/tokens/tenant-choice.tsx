import { useApi, useSite } from "../../api/queries.ts";
import type { Tenant } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";

type Named = Pick<Tenant, "id" | "name">;

/** Tenants with accounts that whoever looks may see. */
export function useTenants(): readonly Named[] {
  return useApi<readonly Tenant[]>("/api/v1/tenants").data ?? [];
}

/** Those, and the tenants whose work the site's file names: they are billed too. */
export function useBilledTenants(): readonly Named[] {
  const names = new Map([...useTenants(), ...(useSite().data?.tenants ?? [])].map(({ id, name }) => [id, name]));
  return [...names].map(([id, name]) => ({ id, name }));
}

export function TenantChoice(props: {
  readonly tenants: readonly Named[];
  readonly value: string;
  readonly onChange: (id: string) => void;
}) {
  const { t } = useSpeech();
  return (
    <select
      className="select slim"
      aria-label={t("tokens.tenant")}
      value={props.value}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    >
      {props.tenants.map(({ id, name }) => (
        <option key={id} value={id}>
          {name === id ? id : `${name} (${id})`}
        </option>
      ))}
    </select>
  );
}
