import { useApi } from "../../api/queries.ts";
import type { CallReport } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Badge, Card } from "../../parts/parts.tsx";
import { Table } from "../../parts/table.tsx";
import { GRANT_TONES } from "./words.ts";

const path = (callId: string) => `/api/v1/allotment/calls/${encodeURIComponent(callId)}/report`;

export const useReport = (callId: string) => useApi<CallReport>(path(callId), 15_000);

/** What anybody may know of a call: who got what and what became of it, and no reviewer. */
export function Report({ callId, title }: { readonly callId: string; readonly title?: string }) {
  const { t, format } = useSpeech();
  const query = useReport(callId);
  return (
    <Card
      title={title === undefined ? t("allotment.report") : `${t("allotment.report")}: ${title}`}
      className="c12"
      flush
      aside={
        <a className="button small" href={path(callId)} download={`${callId}.json`}>
          {t("allotment.reportFile")}
        </a>
      }
    >
      <Answer query={query}>
        {({ sectors, regions, grants, reviews, warnings, reclaimed }) => (
          <>
            <p className="note pad">
              {t("allotment.reviewSummary", { counted: reviews.counted, conflicts: reviews.conflicts })} ·{" "}
              {t("allotment.endsSummary", { warnings, reclaimed })}
            </p>
            <Table
              label={t("allotment.bySector")}
              testId="report-sectors"
              empty={t("none")}
              rows={sectors}
              rowKey={({ sector }) => sector}
              columns={[
                { head: t("allotment.sector"), className: "nowrap", cell: ({ sector }) => t(`allotment.sector.${sector}`) },
                { head: t("allotment.pool"), isNumber: true, cell: ({ gpus }) => format.number(gpus) },
                { head: t("allotment.heldNow"), isNumber: true, cell: ({ gpusHeld }) => format.number(gpusHeld) },
                { head: t("allotment.applications"), isNumber: true, cell: ({ applications }) => format.number(applications) },
                { head: t("allotment.app.ineligible"), isNumber: true, cell: ({ ineligible }) => format.number(ineligible) },
                { head: t("allotment.app.granted"), isNumber: true, cell: ({ granted }) => format.number(granted) },
                { head: t("allotment.app.waiting"), isNumber: true, cell: ({ waiting }) => format.number(waiting) },
                { head: t("allotment.app.rejected"), isNumber: true, cell: ({ rejected }) => format.number(rejected) },
                { head: t("allotment.cost"), isNumber: true, cell: ({ krw }) => format.krw(Number(krw)) },
              ]}
            />
            {grants.length > 0 && (
              <div className="halves">
                <Table
                  label={t("allotment.grants")}
                  testId="report-grants"
                  empty={t("none")}
                  rows={grants.map((grant, place) => ({ ...grant, place }))}
                  rowKey={({ place }) => place}
                  columns={[
                    {
                      head: t("allotment.organisation"),
                      name: ({ organisation }) => organisation,
                      cell: ({ organisation }) => organisation,
                    },
                    { head: t("work.gpus"), isNumber: true, cell: ({ gpus }) => format.number(gpus) },
                    {
                      head: t("allotment.usedShare"),
                      isNumber: true,
                      cell: ({ usedPercent }) => format.percent(usedPercent === undefined ? undefined : usedPercent / 100, 1),
                    },
                    {
                      head: t("work.state"),
                      cell: ({ state }) => <Badge tone={GRANT_TONES[state]}>{t(`allotment.grant.${state}`)}</Badge>,
                    },
                  ]}
                />
                <Table
                  label={t("allotment.byRegion")}
                  testId="report-regions"
                  empty={t("none")}
                  rows={regions}
                  rowKey={({ region }) => region}
                  columns={[
                    { head: t("allotment.region"), name: ({ region }) => region, cell: ({ region }) => region },
                    { head: t("allotment.applications"), isNumber: true, cell: ({ applications }) => format.number(applications) },
                    { head: t("allotment.grants"), isNumber: true, cell: ({ grants: count }) => format.number(count) },
                    { head: t("allotment.heldNow"), isNumber: true, cell: ({ gpus }) => format.number(gpus) },
                  ]}
                />
              </div>
            )}
          </>
        )}
      </Answer>
    </Card>
  );
}
