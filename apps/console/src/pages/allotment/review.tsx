import { useState } from "react";
import { ask } from "../../api/request.ts";
import type { AllotmentCall, Application, Review } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { DialogButton } from "../../parts/dialog-button.tsx";
import { Field, TextField } from "../../parts/field.tsx";
import { Form, useAct } from "../../parts/form.tsx";
import { Badge } from "../../parts/parts.tsx";

/** What a reviewer's word counts: the mean of the points by the criteria's weights. */
export function meanOf({ call: { criteria } }: AllotmentCall, points: Readonly<Record<string, number>>): number {
  const weights = criteria.reduce((sum, { weight }) => sum + weight, 0);
  return criteria.reduce((sum, { id, weight }) => sum + (points[id] ?? 0) * weight, 0) / weights;
}

/** The mean of each review, and the conflicts on record, whose points do not count. */
export function Reviews(props: {
  readonly reviews: readonly Review[] | undefined;
  readonly call: AllotmentCall;
  readonly ownId: string | undefined;
}) {
  const { t, format } = useSpeech();
  const { reviews, call, ownId } = props;
  if (reviews === undefined) return <span className="dim">–</span>;
  const counted = reviews.filter(({ conflict }) => conflict === "").length;
  return (
    <>
      <ul className="reviews">
        {reviews.map(({ reviewer, points = {}, conflict, comment }) => (
          <li key={reviewer} title={comment === "" ? reviewer : `${reviewer}: ${comment}`}>
            {conflict !== "" ? (
              <Badge tone="warn">
                <span className="clip">{t("allotment.conflict", { reason: tellConflict(t, conflict) })}</span>
              </Badge>
            ) : (
              <Badge tone={reviewer === ownId ? "accent" : ""}>{format.number(meanOf(call, points), 1)}</Badge>
            )}
          </li>
        ))}
      </ul>
      <span className="sub">{t("allotment.reviewsOf", { counted, needed: call.call.reviewsEach })}</span>
    </>
  );
}

function tellConflict(t: ReturnType<typeof useSpeech>["t"], conflict: string): string {
  return conflict === "belongs to the applying tenant" ? t("allotment.conflict.own") : conflict;
}

/** Points by criterion, or the word that one may not judge. A second review takes the place of the first. */
export function GiveReview(props: {
  readonly call: AllotmentCall;
  readonly application: Application;
  readonly before: Review | undefined;
}) {
  const { t } = useSpeech();
  const { call, application, before } = props;
  return (
    <DialogButton label={t(before === undefined ? "allotment.review" : "allotment.reviewAgain")} title={application.organisation}>
      {(close) => <ReviewForm call={call} application={application} before={before} onDone={close} />}
    </DialogButton>
  );
}

function ReviewForm(props: {
  readonly call: AllotmentCall;
  readonly application: Application;
  readonly before: Review | undefined;
  readonly onDone: () => void;
}) {
  const { t, format } = useSpeech();
  const { call, application, before, onDone } = props;
  const { criteria } = call.call;
  const [points, setPoints] = useState<Readonly<Record<string, number>>>(
    () => before?.points ?? Object.fromEntries(criteria.map(({ id }) => [id, call.call.passMark])),
  );
  const [conflict, setConflict] = useState(before?.conflict ?? "");
  const [comment, setComment] = useState(before?.comment ?? "");
  const give = useAct<void, Review>(() => {
    const body = { conflict, comment, ...(conflict === "" && { points }) };
    return ask<Review>(`/api/v1/allotment/applications/${application.id}/reviews`, { method: "POST", body });
  });
  return (
    <Form
      submit={t("allotment.giveReview")}
      failure={give.error}
      isBusy={give.isPending}
      onCancel={onDone}
      onSubmit={() => give.mutate(undefined, { onSuccess: onDone })}
    >
      <p className="dim quote">{application.purpose}</p>
      {criteria.map(({ id, weight }) => (
        <Field
          key={id}
          name={`points.${id}`}
          label={`${id} · ${format.percent(weight / criteria.reduce((sum, each) => sum + each.weight, 0))}`}
        >
          {(control) => (
            <span className="slider">
              <input
                {...control}
                type="range"
                min={0}
                max={100}
                disabled={conflict !== ""}
                value={points[id] ?? 0}
                aria-valuetext={t("allotment.points", { points: points[id] ?? 0 })}
                onChange={(event) => setPoints({ ...points, [id]: event.currentTarget.valueAsNumber })}
              />
              <output>{conflict === "" ? (points[id] ?? 0) : "–"}</output>
            </span>
          )}
        </Field>
      ))}
      <p className="cost-line">
        <span className="dim">{t("allotment.mean", { pass: call.call.passMark })}</span>
        <b>{conflict === "" ? format.number(meanOf(call, points), 1) : "–"}</b>
      </p>
      <TextField
        name="conflict"
        label={t("allotment.conflictLabel")}
        note={t("allotment.conflictNote")}
        maxLength={500}
        value={conflict}
        onChange={setConflict}
      />
      <TextField name="comment" label={t("allotment.comment")} lines={2} maxLength={4_000} value={comment} onChange={setComment} />
    </Form>
  );
}
