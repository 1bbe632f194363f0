import { useState } from "react";
import { Button } from "react-aria-components";
import { useApi } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { ApiKey, Budget, Who } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Choice, TextField } from "../../parts/field.tsx";
import { Form, useAct } from "../../parts/form.tsx";
import { Answer, Card } from "../../parts/parts.tsx";
import { Refusal } from "../../parts/refusal.tsx";
import { Table } from "../../parts/table.tsx";
import { amountOf, LimitUse } from "./limit-use.tsx";
import { may, mayForSite } from "./may.ts";

const SCOPES: readonly Budget["scope"][] = ["tenant", "project", "key", "site"];
/** What a tenant divides what it has among. */
const TENANTS_OWN: readonly Budget["scope"][] = ["project", "key"];
const METERS = ["tokens", "requests", "krw", "concurrent"] as const;
const WINDOWS = ["minute", "day", "month", "total"] as const;
const EVERY_MS = 5_000;

/** Every limit there is, of whomever, with what is used of it. */
export function Budgets({ who }: { readonly who: Who | null }) {
  const { t, format } = useSpeech();
  const query = useApi<readonly Budget[]>("/api/v1/budgets", EVERY_MS);
  const mayManage = may(who, "budget.manage");
  const scopes = mayForSite(who, "budget.manage") ? SCOPES : TENANTS_OWN;
  const remove = useAct((id: string) => ask(`/api/v1/budgets?id=${encodeURIComponent(id)}`, { method: "DELETE" }));
  return (
    <div className="grid">
      <Card title={t("tokens.budgets")} className={mayManage ? "c8" : "c12"} flush>
        <Refusal failure={remove.error} />
        <Answer query={query}>
          {(rows) => (
            <Table
              label={t("tokens.budgets")}
              testId="budgets"
              empty={t("tokens.noBudgets")}
              rows={rows}
              rowKey={({ id }) => id}
              columns={[
                {
                  head: t("tokens.budgetFor"),
                  name: ({ scopeId }) => scopeId,
                  cell: ({ scope, scopeId, modelId, meter, window }) => (
                    <>
                      {scopeId === "" ? t("role.wholeSite") : scopeId}
                      <span className="sub">
                        {t(`tokens.scopeName.${scope}`)} · {t(`tokens.meter.${meter}`)} / {t(`tokens.window.${window}`)}
                        {modelId !== "" && ` · ${modelId}`}
                      </span>
                    </>
                  ),
                },
                { head: t("tokens.limitUsed"), className: "limit-use", cell: (budget) => <LimitUse budget={budget} /> },
                {
                  head: t("tokens.budgetMost"),
                  isNumber: true,
                  className: "most",
                  cell: (budget) => <b>{amountOf(format, budget, budget.most)}</b>,
                },
                ...(mayManage
                  ? [
                      {
                        head: t("tokens.removeBudget"),
                        isQuiet: true,
                        isNumber: true,
                        className: "acts",
                        cell: ({ id, scope }: Budget) =>
                          scopes.includes(scope) && (
                            <Button className="button small danger" onPress={() => remove.mutate(id)}>
                              {t("tokens.removeBudget")}
                            </Button>
                          ),
                      },
                    ]
                  : []),
              ]}
            />
          )}
        </Answer>
      </Card>
      {mayManage && <NewBudget scopes={scopes} />}
    </div>
  );
}

function NewBudget({ scopes }: { readonly scopes: readonly Budget["scope"][] }) {
  const { t } = useSpeech();
  const keys = useApi<readonly ApiKey[]>("/api/v1/keys").data ?? [];
  const [scope, setScope] = useState<Budget["scope"]>("key");
  const [scopeId, setScopeId] = useState("");
  const [meter, setMeter] = useState<Budget["meter"]>("tokens");
  const [window, setWindow] = useState<Exclude<Budget["window"], "now">>("day");
  const [most, setMost] = useState("100000");
  const known = [
    ...new Set(keys.map(({ id, projectId, tenantId }) => (scope === "key" ? id : scope === "project" ? projectId : tenantId))),
  ];
  const set = useAct(() => {
    const whom = { scope, scopeId: scope === "site" ? "" : scopeId };
    const body = { ...whom, meter, window: meter === "concurrent" ? "now" : window, most: most === "" ? null : Number(most) };
    return ask("/api/v1/budgets", { method: "PUT", body });
  });
  return (
    <Card title={t("tokens.setBudget")} className="c4">
      <Form submit={t("tokens.setBudget")} failure={set.error} isBusy={set.isPending} onSubmit={() => set.mutate()}>
        <div className="form-row">
          <Choice
            name="scope"
            label={t("tokens.budgetFor")}
            value={scope}
            options={scopes.map((each) => [each, t(`tokens.scopeName.${each}`)] as const)}
            onChange={setScope}
          />
          {scope !== "site" && (
            <TextField
              name="scopeId"
              label={t(`tokens.scopeName.${scope}`)}
              offers={known}
              isRequired
              value={scopeId}
              onChange={setScopeId}
            />
          )}
        </div>
        <div className="form-row">
          <TextField name="most" label={t("tokens.budgetMost")} type="number" min={0} step={1} isRequired value={most} onChange={setMost} />
          <Choice
            name="meter"
            label={t("tokens.budgetMeter")}
            value={meter}
            options={METERS.map((each) => [each, t(`tokens.meter.${each}`)] as const)}
            onChange={setMeter}
          />
        </div>
        {meter !== "concurrent" && (
          <Choice
            name="window"
            label={t("tokens.budgetWindow")}
            value={window}
            options={WINDOWS.map((each) => [each, t(`tokens.window.${each}`)] as const)}
            onChange={setWindow}
          />
        )}
      </Form>
    </Card>
  );
}
