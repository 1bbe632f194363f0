import { useState } from "react";
import { useApi } from "../../api/queries.ts";
import type { LoggedRequest } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Badge, Card } from "../../parts/parts.tsx";
import { Table } from "../../parts/table.tsx";
import { useClock } from "../../shell/clock.tsx";
import { TraceLink } from "./trace-link.tsx";

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
        {(all) => (
          <Table
            label={t("why.requests")}
            testId="requests"
            empty={t("why.requests.none")}
            isTall
            rows={shownMs === undefined ? all : all.filter(({ atMs }) => atMs <= shownMs)}
            rowKey={({ requestId }) => requestId}
            columns={[
              { head: t("why.time"), className: "nowrap", cell: ({ atMs }) => format.clock(atMs) },
              { head: t("why.model"), cell: ({ modelId }) => modelId ?? "–" },
              { head: t("why.who"), name: ({ projectId }) => projectId, cell: ({ projectId }) => projectId },
              { head: t("why.key"), className: "mono nowrap", cell: ({ keyId }) => keyId.slice(0, 8) },
              {
                head: t("why.outcome"),
                cell: ({ error, refusal }) => (
                  <span title={refusal ?? undefined}>
                    {error === null ? <Badge tone="good">{t("why.answered")}</Badge> : <Badge tone="bad">{error}</Badge>}
                  </span>
                ),
              },
              { head: t("why.took"), isNumber: true, cell: ({ tookMs }) => format.latency(tookMs / 1000) },
              { head: t("why.trace"), className: "mono nowrap", cell: ({ trace }) => <TraceLink trace={trace} /> },
            ]}
          />
        )}
      </Answer>
    </Card>
  );
}
