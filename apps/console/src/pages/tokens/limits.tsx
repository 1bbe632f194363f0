import { useState } from "react";
import { Button } from "react-aria-components";
import { useApi } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { Budget, Who } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { DialogButton } from "../../parts/dialog-button.tsx";
import { TextField } from "../../parts/field.tsx";
import { Form, useAct } from "../../parts/form.tsx";
import { Answer, Card } from "../../parts/parts.tsx";
import { Refusal } from "../../parts/refusal.tsx";
import { Table } from "../../parts/table.tsx";
import { amountOf, LimitUse } from "./limit-use.tsx";
import { mayForSite } from "./may.ts";
import { TenantChoice, useTenants } from "./tenant-choice.tsx";

type Kind = Pick<Budget, "meter" | "window">;

/** What a tenant may do at once, in a minute, in a day, and what it may spend. */
const KINDS: readonly Kind[] = [
  { meter: "requests", window: "minute" },
  { meter: "tokens", window: "minute" },
  { meter: "concurrent", window: "now" },
  { meter: "requests", window: "day" },
  { meter: "tokens", window: "day" },
  { meter: "krw", window: "day" },
  { meter: "krw", window: "month" },
];
const EVERY_MS = 2_000;

/** The rate limits of a tenant as a whole, with what is used of them now. */
export function Limits({ who }: { readonly who: Who | null }) {
  const { t, format } = useSpeech();
  const tenants = useTenants();
  const [chosen, choose] = useState("");
  const tenant = chosen || (tenants[0]?.id ?? "");
  const query = useApi<readonly Budget[]>("/api/v1/budgets", EVERY_MS);
  const mayManage = mayForSite(who, "budget.manage");
  const lift = useAct((id: string) => ask(`/api/v1/budgets?id=${encodeURIComponent(id)}`, { method: "DELETE" }));
  const name = ({ meter, window }: Kind) => t(`tokens.limit.${meter}/${window}` as "tokens.limit.requests/minute");
  return (
    <Card title={t("tokens.limits")} flush aside={<TenantChoice tenants={tenants} value={tenant} onChange={choose} />}>
      <p className="note pad">{t("tokens.limitsNote")}</p>
      <Refusal failure={lift.error} />
      <Answer query={query}>
        {(budgets) => (
          <Table
            label={t("tokens.limits")}
            testId="limits"
            empty={t("none")}
            rows={KINDS.map((kind) => ({
              ...kind,
              budget: budgets.find(
                ({ scope, scopeId, modelId, meter, window }) =>
                  scope === "tenant" && scopeId === tenant && modelId === "" && meter === kind.meter && window === kind.window,
              ),
            }))}
            rowKey={({ meter, window }) => `${meter}/${window}`}
            columns={[
              { head: t("tokens.limit"), className: "limit-name", cell: (row) => name(row) },
              {
                head: t("tokens.limitUsed"),
                className: "limit-use",
                cell: ({ budget }) =>
                  budget === undefined ? <span className="note">{t("tokens.notCounted")}</span> : <LimitUse budget={budget} />,
              },
              {
                head: t("tokens.budgetMost"),
                isNumber: true,
                className: "most",
                cell: ({ budget }) =>
                  budget === undefined ? (
                    <span className="note">{t("tokens.noLimit")}</span>
                  ) : (
                    <b>{amountOf(format, budget, budget.most)}</b>
                  ),
              },
              ...(mayManage
                ? [
                    {
                      head: t("tokens.change"),
                      isQuiet: true,
                      isNumber: true,
                      className: "acts",
                      cell: (row: Kind & { readonly budget: Budget | undefined }) => (
                        <span className="row-actions">
                          <DialogButton label={t("tokens.change")} title={`${name(row)} · ${tenant}`}>
                            {(close) => <Change kind={row} tenant={tenant} most={row.budget?.most ?? ""} onDone={close} />}
                          </DialogButton>
                          {row.budget !== undefined && (
                            <Button className="button small danger" onPress={() => lift.mutate(row.budget!.id)}>
                              {t("tokens.removeBudget")}
                            </Button>
                          )}
                        </span>
                      ),
                    },
                  ]
                : []),
            ]}
          />
        )}
      </Answer>
    </Card>
  );
}

function Change(props: { readonly kind: Kind; readonly tenant: string; readonly most: string; readonly onDone: () => void }) {
  const { t } = useSpeech();
  const { kind, tenant, onDone } = props;
  const [most, setMost] = useState(props.most);
  const set = useAct(() => {
    const body = { scope: "tenant", scopeId: tenant, meter: kind.meter, window: kind.window, most: most === "" ? null : Number(most) };
    return ask("/api/v1/budgets", { method: "PUT", body });
  });
  return (
    <Form
      submit={t("tokens.setLimit")}
      failure={set.error}
      isBusy={set.isPending}
      onCancel={onDone}
      onSubmit={() => set.mutate(undefined, { onSuccess: onDone })}
    >
      <TextField
        name="most"
        label={t(`tokens.limit.${kind.meter}/${kind.window}` as "tokens.limit.requests/minute")}
        type="number"
        min={0}
        step={1}
        isRequired
        value={most}
        onChange={setMost}
      />
    </Form>
  );
}
