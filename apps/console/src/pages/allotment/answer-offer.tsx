import { Button } from "react-aria-components";
import { ask } from "../../api/request.ts";
import type { Grant } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { DialogButton } from "../../parts/dialog-button.tsx";
import { useAct } from "../../parts/form.tsx";
import { Refusal } from "../../parts/refusal.tsx";

/** A grant is taken with its conditions, which are read before, or declined: then the next one gets it. */
export function AnswerOffer({ grant }: { readonly grant: Grant }) {
  const { t } = useSpeech();
  return (
    <DialogButton label={t("allotment.answer")} title={t("allotment.offer", { name: grant.organisation })} className="button small primary">
      {(close) => <Offer grant={grant} onDone={close} />}
    </DialogButton>
  );
}

function Offer({ grant, onDone }: { readonly grant: Grant; readonly onDone: () => void }) {
  const { t, format } = useSpeech();
  const answer = useAct((accepts: boolean) => ask(`/api/v1/allotment/grants/${grant.id}/answer`, { method: "POST", body: { accepts } }));
  const give = (accepts: boolean) => answer.mutate(accepts, { onSuccess: onDone });
  return (
    <>
      <dl className="facts">
        <div>
          <dt>{t("work.gpus")}</dt>
          <dd>{format.number(grant.gpus)}</dd>
        </div>
        <div>
          <dt>{t("allotment.time")}</dt>
          <dd>
            {format.day(grant.fromMs)} – {format.day(grant.untilMs)}
          </dd>
        </div>
        <div>
          <dt>{t("allotment.costWhole")}</dt>
          <dd>{format.krw(Number(grant.costWholeKrw))}</dd>
        </div>
      </dl>
      {grant.conditions.length > 0 && (
        <section>
          <h3>{t("allotment.conditions")}</h3>
          <ol className="conditions">
            {grant.conditions.map((condition) => (
              <li key={condition}>{condition}</li>
            ))}
          </ol>
        </section>
      )}
      <Refusal failure={answer.error} />
      <div className="actions">
        <Button className="button" isPending={answer.isPending} onPress={() => give(false)}>
          {t("allotment.decline")}
        </Button>
        <Button className="button primary" isPending={answer.isPending} onPress={() => give(true)}>
          {t("allotment.accept")}
        </Button>
      </div>
    </>
  );
}
