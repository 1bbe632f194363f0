import { useState } from "react";
import { Link } from "wouter";
import { useApi } from "../../api/queries.ts";
import type { JournalEntry } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Badge, Card } from "../../parts/parts.tsx";
import { TableBox } from "../../parts/table.tsx";
import { useClock } from "../../shell/clock.tsx";
import { linkOf, LINK_TONES } from "./link-of.ts";
import { tellEntry } from "./tell-entry.ts";

const LOOKED_AT = 500;

/** Written by the minute whatever happens: of interest to whoever checks the seals. */
const ROUTINE: readonly string[] = ["ledger.usage.sealed"];

/** The journal, newest first; `text` is what is looked for in it. */
export function Journal({ text }: { readonly text: string }) {
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
            <TableBox>
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
                          <Badge tone={LINK_TONES[link]}>{t(`why.link.${link}`)}</Badge> {tellEntry(entry, t, format)}
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
            </TableBox>
          );
        }}
      </Answer>
    </Card>
  );
}
