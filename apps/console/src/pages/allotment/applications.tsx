import { Button } from "react-aria-components";
import { useApi } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { AllotmentCall, Application, Review, Who } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { useAct } from "../../parts/form.tsx";
import { Answer, Badge, Card } from "../../parts/parts.tsx";
import { ReasonButton } from "../../parts/reason-button.tsx";
import { Refusal } from "../../parts/refusal.tsx";
import { Table } from "../../parts/table.tsx";
import { may } from "../tokens/may.ts";
import { organisationColumn } from "./organisation-column.tsx";
import { GiveReview, Reviews } from "./review.tsx";
import { APPLICATION_TONES, tellReason } from "./words.ts";

const WITHDRAWABLE: readonly Application["state"][] = ["submitted", "eligible", "waiting"];
const EXCLUDABLE: readonly Application["state"][] = ["submitted", "eligible"];

/** Applications with the reviews that whoever looks may see, and what they may do about each. */
export function Applications({ call, who }: { readonly call: AllotmentCall; readonly who: Who | null }) {
  const { t, format } = useSpeech();
  const base = `/api/v1/allotment/calls/${encodeURIComponent(call.call.id)}`;
  const query = useApi<readonly Application[]>(`${base}/applications`, 15_000);
  // Who judged what is for those that see the whole site.
  const seesReviews = who?.site.includes("allotment.read") === true;
  const reviews = useApi<readonly Review[]>(seesReviews ? `${base}/reviews` : undefined, 15_000).data;
  const reviewsOf = ({ id }: Application) => reviews?.filter(({ applicationId }) => applicationId === id);
  const isOnPanel = who !== null && call.call.reviewers.includes(who.id);
  const withdraw = useAct((id: number) => ask(`/api/v1/allotment/applications/${id}/withdraw`, { method: "POST" }));
  return (
    <Card title={t("allotment.applications")} className="c12" flush>
      <Refusal failure={withdraw.error} />
      <Answer query={query}>
        {(rows) => (
          <Table
            label={t("allotment.applications")}
            testId="applications"
            empty={t("allotment.noApplications")}
            rows={rows}
            rowKey={({ id }) => id}
            columns={[
              { head: "#", isNumber: true, className: "dim ordinal", cell: ({ id }) => id },
              organisationColumn(t),
              {
                head: t("work.state"),
                cell: ({ state, reasons }) => (
                  <>
                    <Badge tone={APPLICATION_TONES[state]}>{t(`allotment.app.${state}`)}</Badge>
                    {reasons.length > 0 && <span className="sub wrap">{reasons.map((reason) => tellReason(t, reason)).join("; ")}</span>}
                  </>
                ),
              },
              {
                head: t("allotment.asks"),
                isNumber: true,
                cell: ({ gpus, leastGpus }) => (
                  <>
                    {format.number(gpus)}
                    {leastGpus < gpus && <span className="sub">{t("allotment.atLeast", { gpus: format.number(leastGpus) })}</span>}
                  </>
                ),
              },
              {
                head: t("allotment.time"),
                className: "nowrap",
                cell: ({ fromMs, untilMs, plannedUse }) => (
                  <>
                    {format.day(fromMs)} – {format.day(untilMs)}
                    <span className="sub">{t("allotment.plannedShare", { percent: format.percent(plannedUse / 100) })}</span>
                  </>
                ),
              },
              {
                head: t("allotment.purpose"),
                name: ({ purpose }) => purpose,
                className: "purpose",
                cell: ({ purpose, dataClass }) => (
                  <>
                    {purpose}
                    <span className="sub">{t("allotment.dataOf", { class: t(`allotment.data.${dataClass}`) })}</span>
                  </>
                ),
              },
              {
                head: t("allotment.reviews"),
                cell: (application) => <Reviews reviews={reviewsOf(application)} call={call} ownId={who?.id} />,
              },
              {
                head: t("allotment.actions"),
                isQuiet: true,
                isNumber: true,
                className: "acts",
                cell: (application) => (
                  <span className="row-actions">
                    {isOnPanel && call.state === "reviewing" && application.state === "eligible" && (
                      <GiveReview
                        call={call}
                        application={application}
                        before={reviewsOf(application)?.find(({ reviewer }) => reviewer === who?.id)}
                      />
                    )}
                    {may(who, "allotment.manage") && EXCLUDABLE.includes(application.state) && (
                      <ReasonButton
                        label={t("allotment.exclude")}
                        title={t("allotment.excludeOf", { name: application.organisation })}
                        reasonLabel={t("allotment.excludeWhy")}
                        onReason={(reason) =>
                          ask(`/api/v1/allotment/applications/${application.id}/exclude`, { method: "POST", body: { reason } })
                        }
                      />
                    )}
                    {who?.tenantId === application.tenantId && may(who, "allotment.apply") && WITHDRAWABLE.includes(application.state) && (
                      <Button className="button small" onPress={() => withdraw.mutate(application.id)}>
                        {t("allotment.withdraw")}
                      </Button>
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
