import { Link } from "wouter";
import { useFacts, useGridEvents } from "../../api/queries.ts";
import type { GridEvent } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Badge, Card } from "../../parts/parts.tsx";

const EVERY_MS = 5_000;

/** What the last grid event cost, in one look; where there was none, the way to the page that plays one. */
export function LastEvent() {
  const { t, format } = useSpeech();
  const facts = useFacts().data;
  const events = useGridEvents(EVERY_MS).data;
  if (facts?.steers !== true || events === undefined) return null;
  const [last] = events;
  return (
    <Card
      title={t("factory.lastEvent")}
      aside={
        <>
          {last !== undefined && <Outcome event={last} />}
          <Link className="link" href={last === undefined ? "/grid" : `/why/${last.trace}`}>
            {last !== undefined ? `${t("grid.why")} ›` : facts.mayPlayGrid ? `${t("factory.tryEvent")} ›` : `${t("nav.grid")} ›`}
          </Link>
        </>
      }
    >
      {last === undefined ? (
        <p className="note">{t("factory.noGridEvent")}</p>
      ) : (
        <dl className="facts last-event" data-testid="last-event">
          <div>
            <dt>{`${format.minute(last.fromMs)} · ${last.feed ?? t("grid.allFeeds")}`}</dt>
            <dd>{format.power(last.limitW)}</dd>
          </div>
          <div>
            <dt>{t("grid.cost")}</dt>
            <dd>{format.krw(last.cost?.lostKrw)}</dd>
          </div>
          <div>
            <dt>{t("grid.paid")}</dt>
            <dd>{format.krw(last.settlement?.paidKrw)}</dd>
          </div>
        </dl>
      )}
    </Card>
  );
}

function Outcome({ event: { state, response } }: { readonly event: GridEvent }) {
  const { t } = useSpeech();
  if (state !== "over") return <Badge tone="accent">{t("grid.running")}</Badge>;
  if (response === null) return <Badge>{t("unknown")}</Badge>;
  return <Badge tone={response.met ? "good" : "bad"}>{t(response.met ? "grid.met" : "grid.notMet")}</Badge>;
}
