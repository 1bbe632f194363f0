import { useState } from "react";
import { useApi } from "../../api/queries.ts";
import type { JournalEntry } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Badge, Card } from "../../parts/parts.tsx";
import { Table } from "../../parts/table.tsx";
import { useClock } from "../../shell/clock.tsx";
import { linkOf, LINK_TONES } from "./link-of.ts";
import { tellEntry } from "./tell-entry.ts";
import { TraceLink, traceOf } from "./trace-link.tsx";

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
        {(entries) => (
          <Table
            label={t("why.journal")}
            testId="journal"
            empty={t("why.empty", { count: LOOKED_AT })}
            rows={entries.filter((entry) => (atMs === undefined || entry.atMs <= atMs) && matches(entry)).toReversed()}
            rowKey={({ seq }) => seq}
            columns={[
              { head: "#", isNumber: true, className: "dim", cell: ({ seq }) => seq },
              { head: t("why.time"), className: "nowrap", cell: (entry) => format.clock(entry.atMs) },
              {
                head: t("why.what"),
                cell: (entry) => (
                  <>
                    <Badge tone={LINK_TONES[linkOf(entry.kind)]}>{t(`why.link.${linkOf(entry.kind)}`)}</Badge> {tellEntry(entry, t, format)}
                  </>
                ),
              },
              { head: t("why.subject"), name: ({ subject }) => subject, cell: ({ subject }) => subject },
              { head: t("why.who"), className: "mono nowrap", cell: ({ actor }) => actor },
              {
                head: t("why.trace"),
                className: "mono nowrap",
                cell: ({ traceparent }) => <TraceLink trace={traceOf(traceparent)} />,
              },
            ]}
          />
        )}
      </Answer>
    </Card>
  );
}
