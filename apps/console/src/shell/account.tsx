import { useState } from "react";
import { Button, Dialog, DialogTrigger, Popover } from "react-aria-components";
import { queryClient, useFacts } from "../api/queries.ts";
import { ask } from "../api/request.ts";
import type { Who } from "../api/types.ts";
import { useSpeech } from "../i18n/language.tsx";
import type { MessageKey } from "../i18n/en.ts";
import { DialogButton } from "../parts/dialog-button.tsx";
import { TextField } from "../parts/field.tsx";
import { Form, useAct } from "../parts/form.tsx";

/** Who is signed in, or the way to sign in. Nothing where the factory keeps no accounts. */
export function Account() {
  const { t } = useSpeech();
  const facts = useFacts().data;
  if (facts === undefined || !facts.accounts) return null;
  if (facts.who === null) return <SignIn>{t("top.signIn")}</SignIn>;
  return <SignedIn who={facts.who} />;
}

function SignedIn({ who }: { readonly who: Who }) {
  const { t } = useSpeech();
  const signOut = async () => {
    await ask("/api/console/session", { method: "DELETE" });
    await queryClient.invalidateQueries();
  };
  const shown = who.roles.length === 0 ? (who.tenantId ?? who.id) : roleName(t, who.roles[0].role);
  return (
    <DialogTrigger>
      <Button className="button small" aria-label={`${t("top.account")}: ${shown}`}>
        {shown}
      </Button>
      <Popover className="popover" placement="bottom end">
        <Dialog className="dialog" aria-label={t("top.account")}>
          {({ close }) => (
            <>
              <p>{t("signIn.as", { id: who.id })}</p>
              {who.roles.length === 0 && <p className="note">{t("signIn.noRole")}</p>}
              <ul className="checks">
                {who.roles.map(({ role, tenantId }) => (
                  <li key={`${role} ${tenantId}`} className="badge accent">
                    {roleName(t, role)} · {tenantId ?? t("role.wholeSite")}
                  </li>
                ))}
              </ul>
              <div className="actions">
                <Button className="button" onPress={() => void signOut().then(close)}>
                  {t("signIn.out")}
                </Button>
              </div>
            </>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function roleName(t: (key: MessageKey) => string, role: string): string {
  return t(`role.${role}` as MessageKey);
}

/** A button that opens the dialogue to sign in. */
export function SignIn({ children, className = "button primary small" }: { readonly children: string; readonly className?: string }) {
  const { t } = useSpeech();
  return (
    <DialogButton label={children} title={t("signIn.title")} className={className}>
      {(close) => <KeyForm onDone={close} />}
    </DialogButton>
  );
}

function KeyForm({ onDone }: { readonly onDone: () => void }) {
  const { t } = useSpeech();
  const [key, setKey] = useState("");
  const signIn = useAct<void, Who>(() => ask<Who>("/api/console/session", { method: "POST", body: { key } }));
  return (
    <Form
      submit={t("signIn.go")}
      failure={signIn.error}
      isBusy={signIn.isPending}
      onCancel={onDone}
      onSubmit={() => signIn.mutate(undefined, { onSuccess: onDone })}
    >
      <p className="dim">{t("signIn.text")}</p>
      <TextField
        name="key"
        label={t("signIn.key")}
        note={t("signIn.local")}
        type="password"
        autoComplete="current-password"
        placeholder="pulmu_…"
        isMono
        isRequired
        value={key}
        onChange={setKey}
      />
    </Form>
  );
}
