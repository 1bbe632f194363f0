import { useApi } from "../../api/queries.ts";
import type { UsageRow } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Card } from "../../parts/parts.tsx";
import { Table } from "../../parts/table.tsx";
import { TraceLink, traceOf } from "./trace-link.tsx";

const SHOWN = 200;

/** Which records: all that is named, and of a month, `2026-11`. */
export type RecordsOf = Readonly<Partial<Record<"tenant" | "project" | "key" | "model" | "month", string>>>;

/** The records that a sum of usage, or a line of a bill, is made of; each with the trace of the request or job that made it. */
export function UsageRecords({ of }: { readonly of: RecordsOf }) {
  const { t, format } = useSpeech();
  const { month, ...named } = of;
  const filter = new URLSearchParams({ ...named, ...(month !== undefined && daysOf(month)), limit: String(SHOWN) });
  const query = useApi<readonly UsageRow[]>(`/api/v1/usage/records?${filter}`, 10_000);
  const names = [...Object.values(named), ...(month === undefined ? [] : [month])];
  return (
    <Card
      title={t("why.usage", { of: names.join(" · ") })}
      className="c12"
      flush
      aside={query.data?.length === SHOWN && <span className="note">{t("why.usageFirst", { count: SHOWN })}</span>}
    >
      <Answer query={query}>
        {(rows) => (
          <Table
            label={t("why.usage", { of: names.join(" · ") })}
            testId="usage-records"
            empty={t("tokens.noUsage")}
            isTall
            rows={rows.toReversed()}
            rowKey={({ seq }) => seq}
            columns={[
              { head: "#", isNumber: true, className: "dim", cell: ({ seq }) => seq },
              { head: t("why.time"), className: "nowrap", cell: ({ record }) => format.clock(record.atMs) },
              { head: t("tokens.by.project"), name: ({ record }) => record.id, cell: ({ record }) => record.projectId },
              { head: t("tokens.model"), cell: ({ record }) => record.modelId },
              { head: t("tokens.prompt"), isNumber: true, cell: ({ record }) => format.number(record.meters["promptTokens"] ?? 0) },
              { head: t("tokens.output"), isNumber: true, cell: ({ record }) => format.number(record.meters["outputTokens"] ?? 0) },
              {
                head: t("tokens.energy"),
                isNumber: true,
                cell: ({ record }) => format.energy((record.meters["facilityMilliJ"] ?? 0) / 1e3),
              },
              { head: t("why.cost"), isNumber: true, cell: ({ listCostMicroKrw }) => format.krw(Number(listCostMicroKrw) / 1e6) },
              {
                head: t("why.trace"),
                className: "mono nowrap",
                cell: ({ record }) => <TraceLink trace={traceOf(record.traceparent)} />,
              },
            ]}
          />
        )}
      </Answer>
    </Card>
  );
}

/** From its first day until before the first of the next; nothing of what is no month. */
function daysOf(month: string): { readonly from: string; readonly until: string } | undefined {
  const [year, number] = month.split("-").map(Number);
  if (!(year >= 2000 && number >= 1 && number <= 12)) return undefined;
  const next = number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, "0")}`;
  return { from: `${month}-01`, until: `${next}-01` };
}
