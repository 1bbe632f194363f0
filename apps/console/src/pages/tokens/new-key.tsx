import { useState } from "react";
import { Button } from "react-aria-components";
import { useApi } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { ApiKey, NewKey as MadeKey, ServiceAccount } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Choice } from "../../parts/field.tsx";
import { Form, useAct } from "../../parts/form.tsx";
import { Card } from "../../parts/parts.tsx";

const SCOPES = ["inference", "read", "admin"] as const satisfies readonly ApiKey["scopes"][number][];

/** Makes a key and shows it, this once. */
export function NewKey({ onTry }: { readonly onTry: (key: string) => void }) {
  const { t } = useSpeech();
  const accounts = useApi<readonly ServiceAccount[]>("/api/v1/accounts").data ?? [];
  const [chosen, choose] = useState("");
  const [scopes, setScopes] = useState<readonly ApiKey["scopes"][number][]>(["inference"]);
  const accountId = chosen || (accounts[0]?.id ?? "");
  const make = useAct<void, MadeKey>(() => ask<MadeKey>("/api/v1/keys", { method: "POST", body: { accountId, scopes } }));
  return (
    <Card title={t("tokens.newKey")}>
      <Form
        submit={t("tokens.createKey")}
        failure={make.error}
        isBusy={make.isPending}
        isDisabled={accountId === "" || scopes.length === 0}
        onSubmit={() => make.mutate()}
      >
        <Choice
          name="accountId"
          label={t("tokens.account")}
          note={accounts.length === 0 ? t("tokens.noAccounts") : undefined}
          value={accountId}
          options={accounts.map(({ id, role }) => [id, role === undefined ? id : `${id} (${t(`role.${role}`)})`] as const)}
          onChange={choose}
        />
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
      </Form>
      {make.data !== undefined && <Made key={make.data.key.id} text={make.data.text} onTry={onTry} />}
    </Card>
  );
}

function Made({ text, onTry }: { readonly text: string; readonly onTry: (key: string) => void }) {
  const { t } = useSpeech();
  const [isCopied, setCopied] = useState(false);
  return (
    <div className="success" role="status">
      <p>{t("tokens.keyMade")}</p>
      <code className="made-key" data-testid="new-key">
        {text}
      </code>
      <div className="actions">
        <Button className="button small" onPress={() => void navigator.clipboard?.writeText(text).then(() => setCopied(true))}>
          {isCopied ? t("tokens.copied") : t("tokens.copy")}
        </Button>
        <Button className="button small" onPress={() => onTry(text)}>
          {t("tokens.tryIt")}
        </Button>
      </div>
    </div>
  );
}
