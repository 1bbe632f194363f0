import { useApi } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { AllotmentCall, Grant, Who } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Badge, Card } from "../../parts/parts.tsx";
import { ReasonButton } from "../../parts/reason-button.tsx";
import { Table } from "../../parts/table.tsx";
import { may } from "../tokens/may.ts";
import { AnswerOffer } from "./answer-offer.tsx";
import { GrantUse } from "./grant-use.tsx";
import { organisationColumn } from "./organisation-column.tsx";
import { GRANT_TONES, tellReason } from "./words.ts";

const HELD: readonly Grant["state"][] = ["offered", "active", "warned"];

/** Grants with their use against the plan; those who got one answer it, whoever runs the call may take it back. */
export function Grants({ call, who }: { readonly call: AllotmentCall; readonly who: Who | null }) {
  const { t, format } = useSpeech();
  const query = useApi<readonly Grant[]>(`/api/v1/allotment/calls/${encodeURIComponent(call.call.id)}/grants`, 15_000);
  return (
    <Card title={t("allotment.grants")} className="c12" flush>
      <Answer query={query}>
        {(rows) => (
          <Table
            label={t("allotment.grants")}
            testId="grants"
            empty={t("allotment.noGrants")}
            rows={rows}
            rowKey={({ id }) => id}
            columns={[
              { head: "#", isNumber: true, className: "dim ordinal", cell: ({ id }) => id },
              organisationColumn(t),
              { head: t("work.gpus"), isNumber: true, cell: ({ gpus }) => format.number(gpus) },
              {
                head: t("allotment.time"),
                className: "nowrap",
                cell: ({ fromMs, untilMs }) => `${format.day(fromMs)} – ${format.day(untilMs)}`,
              },
              {
                head: t("allotment.used"),
                className: "grant-use",
                cell: (grant) => <GrantUse grant={grant} leastOfPlan={call.call.use.leastOfPlan} />,
              },
              {
                head: t("allotment.cost"),
                isNumber: true,
                cell: ({ costSoFarKrw, costWholeKrw, discount }) => (
                  <>
                    {format.krw(Number(costSoFarKrw))}
                    <span className="sub">
                      {t("allotment.ofWhole", { krw: format.krw(Number(costWholeKrw)) })}
                      {discount > 0 && ` · −${format.percent(discount / 100)}`}
                    </span>
                  </>
                ),
              },
              {
                head: t("work.state"),
                cell: ({ state, reason }) => (
                  <>
                    <Badge tone={GRANT_TONES[state]}>{t(`allotment.grant.${state}`)}</Badge>
                    {reason !== "" && <span className="sub wrap">{tellReason(t, reason)}</span>}
                  </>
                ),
              },
              {
                head: t("allotment.actions"),
                isQuiet: true,
                isNumber: true,
                className: "acts",
                cell: (grant) => (
                  <span className="row-actions">
                    {grant.state === "offered" && mayAnswer(who, grant) && <AnswerOffer grant={grant} />}
                    {HELD.includes(grant.state) && may(who, "allotment.manage") && (
                      <ReasonButton
                        label={t("allotment.reclaim")}
                        title={t("allotment.reclaimOf", { name: grant.organisation })}
                        reasonLabel={t("allotment.reclaimWhy")}
                        onReason={(reason) => ask(`/api/v1/allotment/grants/${grant.id}/reclaim`, { method: "POST", body: { reason } })}
                      />
                    )}
                  </span>
                ),
              },
            ]}
          />
        )}
      </Answer>
    </Card>
  );
}

/** The organisation's own people answer an offer; whoever runs the site may do it for them. */
function mayAnswer(who: Who | null, { tenantId }: Grant): boolean {
  return who?.site.includes("allotment.apply") === true || (who?.tenantId === tenantId && may(who, "allotment.apply"));
}
