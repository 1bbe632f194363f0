import { useState } from "react";
import { useApi, useFacts } from "../../api/queries.ts";
import type { AllotmentCall } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer } from "../../parts/parts.tsx";
import { SignIn } from "../../shell/account.tsx";
import "../../styles/allotment.css";
import { may } from "../tokens/may.ts";
import { Applications } from "./applications.tsx";
import { PublishCard } from "./call-actions.tsx";
import { CallCard } from "./call-card.tsx";
import { Grants } from "./grants.tsx";
import { Report } from "./report.tsx";

/** GPUs by call, review and grant: what became of each call, and what the role of whoever looks may do about it. */
export default function AllotmentPage() {
  const { t } = useSpeech();
  const facts = useFacts().data;
  const who = facts?.who ?? null;
  const mayRead = may(who, "allotment.read");
  const calls = useApi<readonly AllotmentCall[]>(mayRead ? "/api/v1/allotment/calls" : undefined, 15_000);
  const [chosen, choose] = useState<string>();
  const shown = calls.data?.find(({ call }) => call.id === chosen) ?? calls.data?.[0];
  return (
    <>
      <div className="page-head">
        <h1>{t("allotment.title")}</h1>
        {facts !== undefined && !mayRead && <span className="note">{who === null ? t("may.signIn") : t("may.not")}</span>}
        {facts?.accounts === true && who === null && <SignIn>{t("top.signIn")}</SignIn>}
        {shown !== undefined && (calls.data?.length ?? 0) > 1 && (
          <select
            className="select slim"
            aria-label={t("allotment.call")}
            value={shown.call.id}
            onChange={(event) => choose(event.currentTarget.value)}
          >
            {calls.data?.map(({ call }) => (
              <option key={call.id} value={call.id}>
                {call.title}
              </option>
            ))}
          </select>
        )}
      </div>
      {mayRead && (
        <Answer query={calls}>
          {() => (
            <div className="grid">
              {shown === undefined ? (
                <p className="card empty c12">{t("allotment.noCalls")}</p>
              ) : (
                <>
                  <CallCard key={shown.call.id} call={shown} who={who} />
                  <Applications call={shown} who={who} />
                  {shown.state === "decided" && <Grants call={shown} who={who} />}
                  {shown.state !== "open" && <Report callId={shown.call.id} />}
                </>
              )}
              {may(who, "allotment.manage") && <PublishCard />}
            </div>
          )}
        </Answer>
      )}
    </>
  );
}
