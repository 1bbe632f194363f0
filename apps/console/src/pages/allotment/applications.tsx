import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Button, Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from "react-aria-components";
import { queryClient, useApi } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { AllotmentCall, Application, Review, Who } from "../../api/types.ts";
import type { MessageKey } from "../../i18n/en.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Badge, Card, Failure, type Tone } from "../../parts/parts.tsx";
import { may } from "../tokens/may.ts";

const TONES: Readonly<Record<Application["state"], Tone>> = {
  submitted: "",
  withdrawn: "",
  ineligible: "bad",
  eligible: "accent",
  granted: "good",
  waiting: "warn",
  rejected: "bad",
};

/** Applications with the reviews that whoever looks may see, and a way to give one while the call is in review. */
export function Applications({ call, who }: { readonly call: AllotmentCall; readonly who: Who | null }) {
  const { t, format } = useSpeech();
  const base = `/api/v1/allotment/calls/${encodeURIComponent(call.call.id)}`;
  const query = useApi<readonly Application[]>(`${base}/applications`, 15_000);
  // Who judged what is for those that run or audit the call.
  const seesReviews = may(who, "allotment.manage") || may(who, "journal.read");
  const reviews = useApi<readonly Review[]>(seesReviews ? `${base}/reviews` : undefined, 15_000).data;
  return (
    <Card title={t("allotment.applications")} className="c12" flush>
      <Answer query={query}>
        {(applications) =>
          applications.length === 0 ? (
            <p className="empty">{t("allotment.noApplications")}</p>
          ) : (
            <div className="table-box">
              <table data-testid="applications">
                <thead>
                  <tr>
                    <th className="num">#</th>
                    <th>{t("allotment.organisation")}</th>
                    <th>{t("allotment.purpose")}</th>
                    <th className="num">{t("allotment.asks")}</th>
                    <th>{t("allotment.time")}</th>
                    <th className="num">{t("allotment.planned")}</th>
                    <th>{t("allotment.reviews")}</th>
                    <th>{t("work.state")}</th>
                    <th aria-label={t("allotment.review")} />
                  </tr>
                </thead>
                <tbody>
                  {applications.map((application) => (
                    <tr key={application.id}>
                      <td className="num dim">{application.id}</td>
                      <td className="name" title={application.organisation}>
                        {application.organisation}
                        <span className="sub">
                          {t(`allotment.sector.${application.sector}` as MessageKey)} · {application.region}
                        </span>
                      </td>
                      <td className="name purpose" title={application.purpose}>
                        {application.purpose}
                      </td>
                      <td className="num">{format.number(application.gpus)}</td>
                      <td className="nowrap">
                        {format.date(application.fromMs)} – {format.date(application.untilMs)}
                      </td>
                      <td className="num">{format.percent(application.plannedUse / 100)}</td>
                      <td>
                        <Reviews reviews={reviews?.filter(({ applicationId }) => applicationId === application.id)} call={call} />
                      </td>
                      <td title={application.reasons.join("; ")}>
                        <Badge tone={TONES[application.state]}>{t(`allotment.app.${application.state}`)}</Badge>
                      </td>
                      <td className="num">
                        {call.state === "reviewing" && application.state === "eligible" && (
                          <GiveReview call={call} application={application} />
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Answer>
    </Card>
  );
}

/** The weighted mean of each review, and the conflicts on record, whose points do not count. */
function Reviews({ reviews, call }: { readonly reviews: readonly Review[] | undefined; readonly call: AllotmentCall }) {
  const { t, format } = useSpeech();
  if (reviews === undefined) return <span className="dim">–</span>;
  const weights = call.call.criteria.reduce((sum, { weight }) => sum + weight, 0);
  return (
    <ul className="checks">
      {reviews.map(({ reviewer, points = {}, conflict }) => {
        const mean = call.call.criteria.reduce((sum, { id, weight }) => sum + (points[id] ?? 0) * weight, 0) / weights;
        return (
          <li key={reviewer} title={reviewer}>
            {conflict === "" ? (
              <Badge>{format.number(mean, 1)}</Badge>
            ) : (
              <Badge tone="warn">{t("allotment.conflict", { reason: conflict })}</Badge>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function GiveReview({ call, application }: { readonly call: AllotmentCall; readonly application: Application }) {
  const { t } = useSpeech();
  const { criteria } = call.call;
  const [points, setPoints] = useState<Readonly<Record<string, number>>>(Object.fromEntries(criteria.map(({ id }) => [id, 60])));
  const [conflict, setConflict] = useState("");
  const [comment, setComment] = useState("");
  const give = useMutation({
    mutationFn: () =>
      ask(`/api/v1/allotment/applications/${application.id}/reviews`, {
        method: "POST",
        body: { conflict, comment, ...(conflict === "" && { points }) },
      }),
    onSuccess: () => queryClient.invalidateQueries(),
  });
  return (
    <DialogTrigger>
      <Button className="button small">{t("allotment.review")}</Button>
      <ModalOverlay className="veil" isDismissable>
        <Modal className="modal">
          <Dialog className="dialog">
            {({ close }) => (
              <form
                className="dialog"
                onSubmit={(event) => {
                  event.preventDefault();
                  give.mutate(undefined, { onSuccess: close });
                }}
              >
                <Heading slot="title">{application.organisation}</Heading>
                <p className="dim">{application.purpose}</p>
                {criteria.map(({ id, weight }) => (
                  <div className="field" key={id}>
                    <label htmlFor={`points-${id}`}>
                      {id} ({weight} %): {t("allotment.points", { points: points[id] })}
                    </label>
                    <input
                      id={`points-${id}`}
                      type="range"
                      min={0}
                      max={100}
                      disabled={conflict !== ""}
                      value={points[id]}
                      onChange={(event) => setPoints({ ...points, [id]: event.currentTarget.valueAsNumber })}
                    />
                  </div>
                ))}
                <div className="field">
                  <label htmlFor="conflict">{t("allotment.conflictLabel")}</label>
                  <input
                    id="conflict"
                    className="input"
                    maxLength={500}
                    value={conflict}
                    onChange={(event) => setConflict(event.currentTarget.value)}
                  />
                </div>
                <div className="field">
                  <label htmlFor="comment">{t("allotment.comment")}</label>
                  <textarea
                    id="comment"
                    className="input"
                    maxLength={4000}
                    value={comment}
                    onChange={(event) => setComment(event.currentTarget.value)}
                  />
                </div>
                {give.error !== null && <Failure error={give.error} />}
                <div className="actions">
                  <Button className="button" onPress={close}>
                    {t("signIn.cancel")}
                  </Button>
                  <Button className="button primary" type="submit" isDisabled={give.isPending}>
                    {t("allotment.giveReview")}
                  </Button>
                </div>
              </form>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
