import { useState } from "react";
import { useApi, useFacts } from "../../api/queries.ts";
import type { AllotmentCall, ReportedCall } from "../../api/types.ts";
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
  // Who may not read the rest may still read the reports.
  const reports = useApi<readonly ReportedCall[]>(facts?.accounts === true ? "/api/v1/allotment/reports" : undefined, 15_000);
  const [chosen, choose] = useState<string>();
  const named = reports.data?.find(({ id }) => id === chosen) ?? reports.data?.[0];
  const shown = calls.data?.find(({ call }) => call.id === named?.id);
  return (
    <>
      <div className="page-head">
        <h1>{t("allotment.title")}</h1>
        {facts !== undefined && !mayRead && <span className="note">{who === null ? t("may.signIn") : t("may.not")}</span>}
        {facts?.accounts === true && who === null && <SignIn>{t("top.signIn")}</SignIn>}
        {named !== undefined && (reports.data?.length ?? 0) > 1 && (
          <select
            className="select slim"
            aria-label={t("allotment.call")}
            value={named.id}
            onChange={(event) => choose(event.currentTarget.value)}
          >
            {reports.data?.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
        )}
      </div>
      {!mayRead && named !== undefined && (
        <div className="grid">
          <Report callId={named.id} title={named.title} />
        </div>
      )}
      {mayRead && (
        <Answer query={calls}>
          {(all) => (
            <div className="grid">
              {all.length === 0 && <p className="card empty c12">{t("allotment.noCalls")}</p>}
              {shown !== undefined && (
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
