import { Button } from "react-aria-components";
import { useApi } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { ApiKey, Who } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { useAct } from "../../parts/form.tsx";
import { Answer, Badge, Card } from "../../parts/parts.tsx";
import { Refusal } from "../../parts/refusal.tsx";
import { Table } from "../../parts/table.tsx";
import { may } from "./may.ts";
import { NewAccount } from "./new-account.tsx";
import { NewKey } from "./new-key.tsx";

export function Keys({ who, onTry }: { readonly who: Who | null; readonly onTry: (key: string) => void }) {
  const { t, format } = useSpeech();
  const query = useApi<readonly ApiKey[]>("/api/v1/keys");
  const mayManage = may(who, "key.manage");
  const revoke = useAct((id: string) => ask(`/api/v1/keys/${encodeURIComponent(id)}`, { method: "DELETE" }));
  return (
    <div className="grid">
      <Card title={t("tokens.keys")} className={mayManage ? "c8" : "c12"} flush>
        <Refusal failure={revoke.error} />
        <Answer query={query}>
          {(keys) => (
            <Table
              label={t("tokens.keys")}
              testId="keys"
              empty={t("tokens.noKeys")}
              rows={keys.toSorted((a, b) => b.createdMs - a.createdMs)}
              rowKey={({ id }) => id}
              columns={[
                { head: t("tokens.keyId"), className: "mono nowrap", cell: ({ id }) => id },
                { head: t("tokens.account"), name: ({ accountId }) => accountId, cell: ({ accountId }) => accountId },
                {
                  head: t("tokens.scopes"),
                  className: "nowrap",
                  cell: ({ scopes }) => scopes.map((scope) => t(`tokens.scope.${scope}`)).join(", "),
                },
                { head: t("tokens.created"), className: "nowrap", cell: ({ createdMs }) => format.dateTime(createdMs) },
                {
                  head: t("tokens.state"),
                  cell: ({ state }) => <Badge tone={state === "active" ? "good" : ""}>{t(`tokens.${state}`)}</Badge>,
                },
                ...(mayManage
                  ? [
                      {
                        head: t("tokens.revoke"),
                        isQuiet: true,
                        isNumber: true,
                        className: "acts",
                        cell: ({ id, state }: ApiKey) =>
                          state === "active" &&
                          id !== who?.keyId && (
                            <Button className="button small danger" onPress={() => revoke.mutate(id)}>
                              {t("tokens.revoke")}
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
      {mayManage && (
        <div className="c4 column">
          <NewKey onTry={onTry} />
          {may(who, "project.manage") && <NewAccount who={who} />}
        </div>
      )}
    </div>
  );
}
