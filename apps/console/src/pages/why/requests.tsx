import { useState } from "react";
import { Link } from "wouter";
import { useApi } from "../../api/queries.ts";
import type { LoggedRequest } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Badge, Card } from "../../parts/parts.tsx";
import { TableBox } from "../../parts/table.tsx";
import { useClock } from "../../shell/clock.tsx";

/** The gateway's last requests and what became of each; refusals alone where those are looked for. */
export function Requests() {
  const { t, format } = useSpeech();
  const { atMs: shownMs } = useClock();
  const [isRefusedOnly, setRefusedOnly] = useState(false);
  const query = useApi<readonly LoggedRequest[]>(`/api/why/requests${isRefusedOnly ? "?refused=true" : ""}`, 5_000);
  return (
    <Card
      title={t("why.requests")}
      className="c12"
      flush
      aside={
        <label className="note">
          <input type="checkbox" checked={isRefusedOnly} onChange={(event) => setRefusedOnly(event.currentTarget.checked)} />{" "}
          {t("why.requests.refused")}
        </label>
      }
    >
      <Answer query={query}>
        {(all) => {
          const requests = shownMs === undefined ? all : all.filter(({ atMs }) => atMs <= shownMs);
          if (requests.length === 0) return <p className="empty">{t("why.requests.none")}</p>;
          return (
            <TableBox isTall>
              <table data-testid="requests">
                <thead>
                  <tr>
                    <th>{t("why.time")}</th>
                    <th>{t("why.model")}</th>
                    <th>{t("why.who")}</th>
                    <th>{t("why.key")}</th>
                    <th>{t("why.outcome")}</th>
                    <th className="num">{t("why.took")}</th>
                    <th>{t("why.trace")}</th>
                  </tr>
                </thead>
                <tbody>
                  {requests.map(({ requestId, trace, atMs, tookMs, modelId, projectId, keyId, error, refusal }) => (
                    <tr key={requestId}>
                      <td className="nowrap">{format.clock(atMs)}</td>
                      <td>{modelId ?? "–"}</td>
                      <td className="name" title={projectId}>
                        {projectId}
                      </td>
                      <td className="mono nowrap">{keyId.slice(0, 8)}</td>
                      <td title={refusal ?? undefined}>
                        {error === null ? <Badge tone="good">{t("why.answered")}</Badge> : <Badge tone="bad">{error}</Badge>}
                      </td>
                      <td className="num">{format.latency(tookMs / 1000)}</td>
                      <td className="mono nowrap">
                        <Link className="link" href={`/why/${trace}`}>
                          {trace.slice(0, 8)}
                        </Link>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </TableBox>
          );
        }}
      </Answer>
    </Card>
  );
}
