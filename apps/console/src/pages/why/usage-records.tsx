import { Link } from "wouter";
import { useApi } from "../../api/queries.ts";
import type { UsageRow } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Card } from "../../parts/parts.tsx";
import { TableBox } from "../../parts/table.tsx";

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
        {(rows) =>
          rows.length === 0 ? (
            <p className="empty">{t("tokens.noUsage")}</p>
          ) : (
            <TableBox isTall>
              <table data-testid="usage-records">
                <thead>
                  <tr>
                    <th className="num">#</th>
                    <th>{t("why.time")}</th>
                    <th>{t("tokens.by.project")}</th>
                    <th>{t("tokens.model")}</th>
                    <th className="num">{t("tokens.prompt")}</th>
                    <th className="num">{t("tokens.output")}</th>
                    <th className="num">{t("tokens.energy")}</th>
                    <th className="num">{t("why.cost")}</th>
                    <th>{t("why.trace")}</th>
                  </tr>
                </thead>
                <tbody>
                  {rows.toReversed().map(({ seq, record, listCostMicroKrw }) => {
                    const trace = record.traceparent?.split("-")[1];
                    return (
                      <tr key={seq}>
                        <td className="num dim">{seq}</td>
                        <td className="nowrap">{format.clock(record.atMs)}</td>
                        <td className="name" title={record.id}>
                          {record.projectId}
                        </td>
                        <td>{record.modelId}</td>
                        <td className="num">{format.number(record.meters["promptTokens"] ?? 0)}</td>
                        <td className="num">{format.number(record.meters["outputTokens"] ?? 0)}</td>
                        <td className="num">{format.energy((record.meters["facilityMilliJ"] ?? 0) / 1e3)}</td>
                        <td className="num">{format.krw(Number(listCostMicroKrw) / 1e6)}</td>
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
          )
        }
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
