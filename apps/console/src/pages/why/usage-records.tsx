import { Link } from "wouter";
import { useApi } from "../../api/queries.ts";
import type { UsageRow } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Card } from "../../parts/parts.tsx";
import { TableBox } from "../../parts/table.tsx";

const SHOWN = 200;

/** The records that a sum of usage, or a line of a bill, is made of; each with the trace of the request or job that made it. */
export function UsageRecords({ of, id }: { readonly of: "key" | "project" | "tenant" | "model"; readonly id: string }) {
  const { t, format } = useSpeech();
  const query = useApi<readonly UsageRow[]>(`/api/v1/usage/records?${of}=${encodeURIComponent(id)}&limit=${SHOWN}`, 10_000);
  return (
    <Card title={t("why.usage", { of: id })} className="c12" flush>
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
