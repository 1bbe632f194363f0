import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "react-aria-components";
import { queryClient, useApi } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { ApiKey, ServiceAccount, Who } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Badge, Card, Failure } from "../../parts/parts.tsx";
import { may } from "./may.ts";

const SCOPES = ["inference", "read", "admin"] as const;

export function Keys({ who, onTry }: { readonly who: Who | null; readonly onTry: (key: string) => void }) {
  const { t, format } = useSpeech();
  const keys = useApi<readonly ApiKey[]>("/api/v1/keys");
  const mayManage = may(who, "key.manage");
  const revoke = useMutation({
    mutationFn: (id: string) => ask(`/api/v1/keys/${encodeURIComponent(id)}`, { method: "DELETE" }),
    onSuccess: () => queryClient.invalidateQueries(),
  });
  return (
    <div className="grid">
      <Card title={t("tokens.keys")} className={mayManage ? "c8" : "c12"} flush>
        {revoke.error !== null && <Failure error={revoke.error} />}
        <Answer query={keys}>
          {(rows) =>
            rows.length === 0 ? (
              <p className="empty">{t("tokens.noKeys")}</p>
            ) : (
              <div className="table-box">
                <table data-testid="keys">
                  <thead>
                    <tr>
                      <th>{t("tokens.keyId")}</th>
                      <th>{t("tokens.account")}</th>
                      <th>{t("tokens.scopes")}</th>
                      <th>{t("tokens.created")}</th>
                      <th>{t("tokens.state")}</th>
                      {mayManage && <th aria-label={t("tokens.revoke")} />}
                    </tr>
                  </thead>
                  <tbody>
                    {rows
                      .toSorted((a, b) => b.createdMs - a.createdMs)
                      .map((key) => {
                        const state = stateOf(key);
                        return (
                          <tr key={key.id}>
                            <td className="mono nowrap">{key.id}</td>
                            <td className="name" title={key.accountId}>
                              {key.accountId}
                            </td>
                            <td>{key.scopes.map((scope) => t(`tokens.scope.${scope as (typeof SCOPES)[number]}`)).join(", ")}</td>
                            <td className="nowrap">{format.dateTime(key.createdMs)}</td>
                            <td>
                              <Badge tone={state === "active" ? "good" : ""}>{t(`tokens.${state}`)}</Badge>
                            </td>
                            {mayManage && (
                              <td className="num">
                                {state === "active" && key.id !== who?.keyId && (
                                  <Button className="button small danger" onPress={() => revoke.mutate(key.id)}>
                                    {t("tokens.revoke")}
                                  </Button>
                                )}
                              </td>
                            )}
                          </tr>
                        );
                      })}
                  </tbody>
                </table>
              </div>
            )
          }
        </Answer>
      </Card>
      {mayManage && <NewKey onTry={onTry} who={who} />}
    </div>
  );
}

function stateOf({ revokedMs, expiresMs }: ApiKey): "active" | "revoked" | "expired" {
  if (revokedMs !== undefined) return "revoked";
  return expiresMs !== undefined && expiresMs <= Date.now() ? "expired" : "active";
}

function NewKey({ who, onTry }: { readonly who: Who | null; readonly onTry: (key: string) => void }) {
  const { t } = useSpeech();
  const accounts = useApi<readonly ServiceAccount[]>("/api/v1/accounts");
  const [account, setAccount] = useState("");
  const [scopes, setScopes] = useState<readonly string[]>(["inference"]);
  const [isCopied, setCopied] = useState(false);
  const accountId = account === "" ? (accounts.data?.[0]?.id ?? "") : account;
  const make = useMutation({
    mutationFn: () => ask<{ readonly key: ApiKey; readonly text: string }>("/api/v1/keys", { method: "POST", body: { accountId, scopes } }),
    onSuccess: () => {
      setCopied(false);
      return queryClient.invalidateQueries();
    },
  });
  const made = make.data?.text;
  return (
    <div className="c4 column">
      <Card title={t("tokens.newKey")}>
        <form
          className="ask"
          onSubmit={(event) => {
            event.preventDefault();
            make.mutate();
          }}
        >
          <div className="field">
            <label htmlFor="key-account">{t("tokens.account")}</label>
            <select id="key-account" className="select" value={accountId} onChange={(event) => setAccount(event.currentTarget.value)}>
              {accounts.data?.map(({ id, role }) => (
                <option key={id} value={id}>
                  {role === undefined ? id : `${id} (${role})`}
                </option>
              ))}
            </select>
            {accounts.data?.length === 0 && <p className="note">{t("tokens.noAccounts")}</p>}
          </div>
          <fieldset className="field plain">
            <legend className="label">{t("tokens.scopes")}</legend>
            <div className="checks">
              {SCOPES.map((scope) => (
                <label key={scope}>
                  <input
                    type="checkbox"
                    checked={scopes.includes(scope)}
                    onChange={(event) =>
                      setScopes(event.currentTarget.checked ? [...scopes, scope] : scopes.filter((each) => each !== scope))
                    }
                  />
                  {t(`tokens.scope.${scope}`)}
                </label>
              ))}
            </div>
          </fieldset>
          {make.error !== null && <Failure error={make.error} />}
          <div className="actions">
            <Button type="submit" className="button primary" isDisabled={make.isPending || accountId === "" || scopes.length === 0}>
              {t("tokens.createKey")}
            </Button>
          </div>
          {made !== undefined && (
            <div className="success" role="status">
              <p>{t("tokens.keyMade")}</p>
              <code className="made-key" data-testid="new-key">
                {made}
              </code>
              <div className="actions">
                <Button className="button small" onPress={() => void navigator.clipboard?.writeText(made).then(() => setCopied(true))}>
                  {isCopied ? t("tokens.copied") : t("tokens.copy")}
                </Button>
                <Button className="button small" onPress={() => onTry(made)}>
                  {t("tokens.tryIt")}
                </Button>
              </div>
            </div>
          )}
        </form>
      </Card>
      {may(who, "project.manage") && <NewAccount who={who} />}
    </div>
  );
}

/** A project and its account in one step; who may, makes the tenant too. */
function NewAccount({ who }: { readonly who: Who | null }) {
  const { t } = useSpeech();
  const tenants = useApi<readonly { readonly id: string; readonly name: string }[]>("/api/v1/tenants").data ?? [];
  const [tenant, setTenant] = useState(who?.tenantId ?? "");
  const [project, setProject] = useState("");
  const make = useMutation({
    mutationFn: async () => {
      if (!tenants.some(({ id }) => id === tenant)) await ask("/api/v1/tenants", { method: "POST", body: { id: tenant, name: tenant } });
      await ask("/api/v1/projects", { method: "POST", body: { tenantId: tenant, id: project, name: project } });
      return ask("/api/v1/accounts", { method: "POST", body: { projectId: `${tenant}/${project}`, id: "app" } });
    },
    onSettled: () => queryClient.invalidateQueries(),
    onSuccess: () => setProject(""),
  });
  return (
    <Card title={t("tokens.newProject")}>
      <form
        className="ask"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <div className="form-row">
          <div className="field">
            <label htmlFor="new-tenant">{t("tokens.tenant")}</label>
            <input
              id="new-tenant"
              className="input"
              list="tenants"
              value={tenant}
              required
              onChange={(event) => setTenant(event.currentTarget.value)}
            />
            <datalist id="tenants">
              {tenants.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </datalist>
          </div>
          <div className="field">
            <label htmlFor="new-project">{t("tokens.by.project")}</label>
            <input
              id="new-project"
              className="input"
              value={project}
              required
              onChange={(event) => setProject(event.currentTarget.value)}
            />
          </div>
        </div>
        {make.error !== null && <Failure error={make.error} />}
        <div className="actions">
          <Button type="submit" className="button" isDisabled={make.isPending}>
            {t("tokens.newProject")}
          </Button>
        </div>
      </form>
    </Card>
  );
}
