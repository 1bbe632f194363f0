import { useState } from "react";
import { Button } from "react-aria-components";
import { useLocation, useParams, useSearchParams } from "wouter";
import { useFacts } from "../../api/queries.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { SignIn } from "../../shell/account.tsx";
import { may } from "../tokens/may.ts";
import { Chain } from "./chain.tsx";
import { Journal } from "./journal.tsx";
import { RackChain } from "./rack-chain.tsx";
import { Requests } from "./requests.tsx";
import { type RecordsOf, UsageRecords } from "./usage-records.tsx";

const TRACE = /^(?:00-)?([0-9a-f]{32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?$/;

/** What usage records can be asked for. */
const USAGE_OF = ["tenant", "project", "key", "model", "month"] as const;

/** Why a figure is what it is: the chain behind it, from the journal. */
export default function WhyPage() {
  const { t } = useSpeech();
  const facts = useFacts().data;
  const { trace } = useParams<{ readonly trace?: string }>();
  const [, go] = useLocation();
  const [params] = useSearchParams();
  const usageOf: RecordsOf = Object.fromEntries(USAGE_OF.flatMap((name) => (params.has(name) ? [[name, params.get(name)!]] : [])));
  const [text, setText] = useState("");
  const found = TRACE.exec(text.trim())?.[1];
  if (facts === undefined) return <div className="skeleton" />;
  const usage = Object.keys(usageOf).length > 0 && may(facts.who, "usage.read") && <UsageRecords of={usageOf} />;
  const rack = params.get("rack");
  const chains = (
    <>
      {rack !== null && <RackChain rack={rack} />}
      {trace !== undefined && (may(facts.who, "journal.read") || may(facts.who, "usage.read")) && <Chain trace={trace} />}
      {usage}
      {may(facts.who, "usage.read") && <Requests />}
    </>
  );
  if (!may(facts.who, "journal.read")) {
    return (
      <>
        <div className="page-head">
          <h1>{t("why.title")}</h1>
          <span className="note">{t("why.auditor")}</span>
          {facts.who === null && facts.accounts && <SignIn>{t("top.signIn")}</SignIn>}
        </div>
        <div className="grid">{chains}</div>
      </>
    );
  }
  return (
    <>
      <div className="page-head">
        <h1>{t("why.title")}</h1>
        <form
          className="why-search"
          onSubmit={(event) => {
            event.preventDefault();
            if (found !== undefined) go(`/why/${found}`);
          }}
        >
          <input
            className="input"
            type="search"
            aria-label={t("why.search")}
            placeholder={t("why.search")}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          {found !== undefined && (
            <Button className="button" type="submit">
              {t("why.find")}
            </Button>
          )}
        </form>
      </div>
      <div className="grid">
        {chains}
        <Journal text={found === undefined ? text : found} />
      </div>
    </>
  );
}
