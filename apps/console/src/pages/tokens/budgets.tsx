import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "react-aria-components";
import { queryClient, useApi } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { ApiKey, Budget, Who } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Card, Failure } from "../../parts/parts.tsx";
import { may } from "./may.ts";

const SCOPES = ["tenant", "project", "key", "site"] as const;
const METERS = ["tokens", "requests", "krw", "concurrent"] as const;
const WINDOWS = ["minute", "day", "month", "total"] as const;

export function Budgets({ who }: { readonly who: Who | null }) {
  const { t, format } = useSpeech();
  const budgets = useApi<readonly Budget[]>("/api/v1/budgets");
  const mayManage = may(who, "budget.manage");
  const remove = useMutation({
    mutationFn: (id: string) => ask(`/api/v1/budgets?id=${encodeURIComponent(id)}`, { method: "DELETE" }),
    onSuccess: () => queryClient.invalidateQueries(),
  });
  return (
    <div className="grid">
      <Card title={t("tokens.budgets")} className={mayManage ? "c8" : "c12"} flush>
        {remove.error !== null && <Failure error={remove.error} />}
        <Answer query={budgets}>
          {(rows) =>
            rows.length === 0 ? (
              <p className="empty">{t("tokens.noBudgets")}</p>
            ) : (
              <div className="table-box">
                <table data-testid="budgets">
                  <thead>
                    <tr>
                      <th>{t("tokens.budgetFor")}</th>
                      <th>{t("tokens.model")}</th>
                      <th className="num">{t("tokens.budgetMost")}</th>
                      <th>{t("tokens.budgetMeter")}</th>
                      <th>{t("tokens.budgetWindow")}</th>
                      {mayManage && <th aria-label={t("tokens.removeBudget")} />}
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((budget) => (
                      <tr key={budget.id}>
                        <td className="name" title={budget.scopeId}>
                          {budget.scopeId === "" ? t("tokens.scopeName.site") : budget.scopeId}
                          <span className="sub">{t(`tokens.scopeName.${budget.scope}`)}</span>
                        </td>
                        <td>{budget.modelId === "" ? "–" : budget.modelId}</td>
                        <td className="num">
                          {budget.meter === "krw" ? format.krw(Number(budget.most)) : format.number(Number(budget.most))}
                        </td>
                        <td>{t(`tokens.meter.${budget.meter}`)}</td>
                        <td>{t(`tokens.window.${budget.window}`)}</td>
                        {mayManage && (
                          <td className="num">
                            <Button className="button small danger" onPress={() => remove.mutate(budget.id)}>
                              {t("tokens.removeBudget")}
                            </Button>
                          </td>
                        )}
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )
          }
        </Answer>
      </Card>
      {mayManage && <NewBudget />}
    </div>
  );
}

function NewBudget() {
  const { t } = useSpeech();
  const keys = useApi<readonly ApiKey[]>("/api/v1/keys").data ?? [];
  const [scope, setScope] = useState<Budget["scope"]>("key");
  const [scopeId, setScopeId] = useState("");
  const [meter, setMeter] = useState<Budget["meter"]>("tokens");
  const [window, setWindow] = useState<Budget["window"]>("day");
  const [most, setMost] = useState("100000");
  const known = [
    ...new Set(keys.map(({ id, projectId, tenantId }) => (scope === "key" ? id : scope === "project" ? projectId : tenantId))),
  ];
  const set = useMutation({
    mutationFn: () => {
      const body = {
        scope,
        scopeId: scope === "site" ? "" : scopeId,
        meter,
        window: meter === "concurrent" ? "now" : window,
        most: Number(most),
      };
      return ask("/api/v1/budgets", { method: "PUT", body });
    },
    onSuccess: () => queryClient.invalidateQueries(),
  });
  return (
    <Card title={t("tokens.setBudget")} className="c4">
      <form
        className="ask"
        onSubmit={(event) => {
          event.preventDefault();
          set.mutate();
        }}
      >
        <div className="form-row">
          <Choice
            id="budget-scope"
            label={t("tokens.budgetFor")}
            value={scope}
            options={SCOPES.map((each) => [each, t(`tokens.scopeName.${each}`)] as const)}
            onChange={setScope}
          />
          {scope !== "site" && (
            <div className="field">
              <label htmlFor="budget-id">{t(`tokens.scopeName.${scope}`)}</label>
              <input
                id="budget-id"
                className="input"
                list="budget-ids"
                required
                value={scopeId}
                onChange={(event) => setScopeId(event.currentTarget.value)}
              />
              <datalist id="budget-ids">
                {known.map((id) => (
                  <option key={id} value={id} />
                ))}
              </datalist>
            </div>
          )}
        </div>
        <div className="form-row">
          <div className="field">
            <label htmlFor="budget-most">{t("tokens.budgetMost")}</label>
            <input
              id="budget-most"
              className="input"
              type="number"
              min={0}
              step={1}
              required
              value={most}
              onChange={(event) => setMost(event.currentTarget.value)}
            />
          </div>
          <Choice
            id="budget-meter"
            label={t("tokens.budgetMeter")}
            value={meter}
            options={METERS.map((each) => [each, t(`tokens.meter.${each}`)] as const)}
            onChange={setMeter}
          />
        </div>
        {meter !== "concurrent" && (
          <Choice
            id="budget-window"
            label={t("tokens.budgetWindow")}
            value={window}
            options={WINDOWS.map((each) => [each, t(`tokens.window.${each}`)] as const)}
            onChange={setWindow}
          />
        )}
        {set.error !== null && <Failure error={set.error} />}
        <div className="actions">
          <Button type="submit" className="button primary" isDisabled={set.isPending}>
            {t("tokens.setBudget")}
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Choice<T extends string>(props: {
  readonly id: string;
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly onChange: (value: T) => void;
}) {
  const { id, label, value, options, onChange } = props;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} className="select" value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {options.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
