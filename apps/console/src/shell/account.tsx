import { useState } from "react";
import { Button, Dialog, DialogTrigger, Heading, Modal, ModalOverlay, Popover } from "react-aria-components";
import { queryClient, useFacts } from "../api/queries.ts";
import { ask, type ApiFailure } from "../api/request.ts";
import type { Who } from "../api/types.ts";
import { useSpeech } from "../i18n/language.tsx";
import type { MessageKey } from "../i18n/en.ts";

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
  return (
    <DialogTrigger>
      <Button className="button small" aria-label={t("top.account")}>
        {who.roles.length === 0 ? (who.tenantId ?? who.id) : roleName(t, who.roles[0].role)}
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
  const [key, setKey] = useState("");
  const [failure, setFailure] = useState<ApiFailure>();
  const signIn = async (close: () => void) => {
    try {
      await ask("/api/console/session", { method: "POST", body: { key } });
      setKey("");
      setFailure(undefined);
      await queryClient.invalidateQueries();
      close();
    } catch (error) {
      setFailure(error as ApiFailure);
    }
  };
  return (
    <DialogTrigger>
      <Button className={className}>{children}</Button>
      <ModalOverlay className="veil" isDismissable>
        <Modal className="modal">
          <Dialog className="dialog">
            {({ close }) => (
              <form
                className="dialog"
                onSubmit={(event) => {
                  event.preventDefault();
                  void signIn(close);
                }}
              >
                <Heading slot="title">{t("signIn.title")}</Heading>
                <p className="dim">{t("signIn.text")}</p>
                <div className="field">
                  <label htmlFor="sign-in-key">{t("signIn.key")}</label>
                  <input
                    id="sign-in-key"
                    className="input mono"
                    type="password"
                    autoComplete="current-password"
                    placeholder="pulmu_…"
                    required
                    value={key}
                    onChange={(event) => setKey(event.currentTarget.value)}
                  />
                </div>
                {failure !== undefined && (
                  <p className="failure" role="alert">
                    {failure.message}
                    {failure.hint !== undefined && ` (${failure.hint})`}
                  </p>
                )}
                <p className="note">{t("signIn.local")}</p>
                <div className="actions">
                  <Button className="button" onPress={close}>
                    {t("signIn.cancel")}
                  </Button>
                  <Button className="button primary" type="submit">
                    {t("signIn.go")}
                  </Button>
                </div>
              </form>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
