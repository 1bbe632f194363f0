import { lazy, Suspense, useState } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { useFacts } from "../../api/queries.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { SignIn } from "../../shell/account.tsx";
import "../../styles/tokens.css";
import { Budgets } from "./budgets.tsx";
import { Keys } from "./keys.tsx";
import { Limits } from "./limits.tsx";
import { may } from "./may.ts";
import { Statements } from "./statements.tsx";
import { Usage } from "./usage.tsx";

const Playground = lazy(() => import("./playground.tsx"));

type TabId = "usage" | "keys" | "limits" | "budgets" | "statements" | "playground";

/** What a tenant sees of the factory. Tabs that a role may not read are not there. */
export default function TokensPage() {
  const { t } = useSpeech();
  const facts = useFacts().data;
  const [tab, setTab] = useState<TabId>("usage");
  // Lives in this page only: it is never written down by the browser.
  const [key, setKey] = useState("");
  if (facts === undefined) return <div className="skeleton" />;
  const { who, gateway } = facts;
  const tabs: readonly TabId[] = [
    ...(may(who, "usage.read") ? (["usage"] as const) : []),
    ...(may(who, "key.read") ? (["keys"] as const) : []),
    ...(may(who, "budget.read") ? (["limits", "budgets"] as const) : []),
    ...(may(who, "statement.read") ? (["statements"] as const) : []),
    ...(gateway === null ? [] : (["playground"] as const)),
  ];
  const shown = tabs.includes(tab) ? tab : tabs[0];
  return (
    <>
      <div className="page-head">
        <h1>{t("tokens.title")}</h1>
        {who === null && facts.accounts && (
          <>
            <span className="note">{t("may.signIn")}</span>
            <SignIn>{t("top.signIn")}</SignIn>
          </>
        )}
      </div>
      {tabs.length > 0 && (
        <Tabs selectedKey={shown} onSelectionChange={(chosen) => setTab(chosen as TabId)}>
          <TabList className="tabs" aria-label={t("tokens.title")}>
            {tabs.map((each) => (
              <Tab key={each} id={each} className="tab">
                {t(`tokens.${each}`)}
              </Tab>
            ))}
          </TabList>
          <TabPanel id="usage">
            <Usage />
          </TabPanel>
          <TabPanel id="keys">
            <Keys
              who={who}
              onTry={(text) => {
                setKey(text);
                setTab("playground");
              }}
            />
          </TabPanel>
          <TabPanel id="limits">
            <Limits who={who} />
          </TabPanel>
          <TabPanel id="budgets">
            <Budgets who={who} />
          </TabPanel>
          <TabPanel id="statements">
            <Statements who={who} />
          </TabPanel>
          <TabPanel id="playground">
            <Suspense fallback={<div className="skeleton" />}>
              <Playground apiKey={key} onKey={setKey} />
            </Suspense>
          </TabPanel>
        </Tabs>
      )}
    </>
  );
}
