import { useState } from "react";
import { Button } from "react-aria-components";
import { Link, useLocation, useParams, useSearchParams } from "wouter";
import { useApi, useFacts } from "../../api/queries.ts";
import type { GridEvent, JournalEntry } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Badge, Card, type Tone } from "../../parts/parts.tsx";
import { SignIn } from "../../shell/account.tsx";
import { useClock } from "../../shell/clock.tsx";
import { may } from "../tokens/may.ts";
import { linkOf, type ChainLink } from "./link-of.ts";
import { tellEntry } from "./tell-entry.ts";
import { UsageRecords } from "./usage-records.tsx";

const LOOKED_AT = 500;
const TRACE = /^(?:00-)?([0-9a-f]{32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?$/;

const TONES: Readonly<Record<ChainLink, Tone>> = { grid: "accent", power: "warn", work: "", tokens: "good", accounts: "good", people: "" };

/** What usage records can be asked for. */
const USAGE_OF = ["key", "project", "tenant", "model"] as const;

/** Written by the minute whatever happens: of interest to whoever checks the seals. */
const ROUTINE: readonly string[] = ["ledger.usage.sealed"];

/** Why a figure is what it is: the chain behind it, from the journal. */
export default function WhyPage() {
  const { t } = useSpeech();
  const facts = useFacts().data;
  const { trace } = useParams<{ readonly trace?: string }>();
  const [, go] = useLocation();
  const [params] = useSearchParams();
  const usageOf = USAGE_OF.find((name) => params.has(name));
  const [text, setText] = useState("");
  const found = TRACE.exec(text.trim())?.[1];
  if (facts === undefined) return <div className="skeleton" />;
  const usage = usageOf !== undefined && may(facts.who, "usage.read") && <UsageRecords of={usageOf} id={params.get(usageOf)!} />;
  if (!may(facts.who, "journal.read")) {
    return (
      <>
        <div className="page-head">
          <h1>{t("why.title")}</h1>
          <span className="note">{t("why.auditor")}</span>
          {facts.who === null && facts.accounts && <SignIn>{t("top.signIn")}</SignIn>}
        </div>
        <div className="grid">{usage}</div>
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
        {trace !== undefined && <Chain trace={trace} />}
        {usage}
        <Journal text={found === undefined ? text : found} />
      </div>
    </>
  );
}

function Chain({ trace }: { readonly trace: string }) {
  const { t, format } = useSpeech();
  const query = useApi<{ readonly entries: readonly JournalEntry[]; readonly event: GridEvent | null }>(
    `/api/why?trace=${encodeURIComponent(trace)}`,
    5_000,
  );
  return (
    <Card title={t("why.chain", { trace })} className="c12">
      <Answer query={query}>
        {({ entries, event }) =>
          entries.length === 0 ? (
            <p className="empty">{t("why.noChain")}</p>
          ) : (
            <ol className="timeline" data-testid="why-chain">
              {entries.map((entry, i) => {
                const link = linkOf(entry.kind);
                return (
                  <li key={entry.seq} className={`timeline-step ${TONES[link]}`}>
                    <span className="timeline-time">
                      <time dateTime={new Date(entry.atMs).toISOString()}>{format.clock(entry.atMs)}</time>
                      {i > 0 && (
                        <span className="note">{t("why.step", { seconds: format.number((entry.atMs - entries[0].atMs) / 1000, 1) })}</span>
                      )}
                    </span>
                    <span className="timeline-what">
                      <Badge tone={TONES[link]}>{t(`why.link.${link}`)}</Badge> <b>{tellEntry(entry, t, format)}</b>
                      <span className="note mono">{entry.kind}</span>
                      <Details entry={entry} />
                    </span>
                  </li>
                );
              })}
              {event?.cost && (
                <li className="timeline-step">
                  <span className="timeline-time" />
                  <span className="timeline-what">
                    <b>
                      {t("grid.cost")}: {format.krw(event.cost.lostKrw)} · {format.compact(event.cost.tokensLost)}{" "}
                      {t("grid.tokensLost").toLocaleLowerCase()}
                    </b>
                  </span>
                </li>
              )}
            </ol>
          )
        }
      </Answer>
    </Card>
  );
}

function Details({ entry }: { readonly entry: JournalEntry }) {
  const { t } = useSpeech();
  if (entry.data === undefined) return null;
  return (
    <details>
      <summary>{t("why.data")}</summary>
      <pre>{JSON.stringify(entry.data, null, 2)}</pre>
    </details>
  );
}

function Journal({ text }: { readonly text: string }) {
  const { t, format } = useSpeech();
  const { atMs } = useClock();
  const query = useApi<readonly JournalEntry[]>(`/api/v1/journal/entries?limit=${LOOKED_AT}`, 5_000);
  const [isRoutineToo, setRoutineToo] = useState(false);
  const wanted = text.trim().normalize("NFC").toLocaleLowerCase();
  const matches = (entry: JournalEntry) =>
    (isRoutineToo || wanted !== "" || !ROUTINE.includes(entry.kind)) &&
    (wanted === "" || JSON.stringify(entry).normalize("NFC").toLocaleLowerCase().includes(wanted));
  return (
    <Card
      title={t("why.journal")}
      className="c12"
      flush
      aside={
        <label className="note">
          <input type="checkbox" checked={isRoutineToo} onChange={(event) => setRoutineToo(event.currentTarget.checked)} />{" "}
          {t("why.routine")}
        </label>
      }
    >
      <Answer query={query}>
        {(entries) => {
          const shown = entries.filter((entry) => (atMs === undefined || entry.atMs <= atMs) && matches(entry)).toReversed();
          if (shown.length === 0) return <p className="empty">{t("why.empty", { count: LOOKED_AT })}</p>;
          return (
            <div className="table-box">
              <table data-testid="journal">
                <thead>
                  <tr>
                    <th className="num">#</th>
                    <th>{t("why.time")}</th>
                    <th>{t("why.what")}</th>
                    <th>{t("why.subject")}</th>
                    <th>{t("why.who")}</th>
                    <th>{t("why.trace")}</th>
                  </tr>
                </thead>
                <tbody>
                  {shown.map((entry) => {
                    const trace = entry.traceparent?.split("-")[1];
                    const link = linkOf(entry.kind);
                    return (
                      <tr key={entry.seq}>
                        <td className="num dim">{entry.seq}</td>
                        <td className="nowrap">{format.clock(entry.atMs)}</td>
                        <td>
                          <Badge tone={TONES[link]}>{t(`why.link.${link}`)}</Badge> {tellEntry(entry, t, format)}
                        </td>
                        <td className="name" title={entry.subject}>
                          {entry.subject}
                        </td>
                        <td className="mono nowrap">{entry.actor}</td>
                        <td className="mono nowrap">
                          {trace === undefined ? (
                            "–"
                          ) : (
                            <Link className="link" href={`/why/${trace}`}>
                              {trace.slice(0, 8)}
                            </Link>
                          )}
                        </td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </div>
          );
        }}
      </Answer>
    </Card>
  );
}
