import { Link } from "wouter";
import { useFacts, useGridEvents } from "../../api/queries.ts";
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
        <Link className="link" href={last === undefined ? "/grid" : `/why/${last.trace}`}>
          {last !== undefined ? `${t("grid.why")} ›` : facts.mayPlayGrid ? `${t("factory.tryEvent")} ›` : `${t("nav.grid")} ›`}
        </Link>
      }
    >
      {last === undefined ? (
        <p className="note">{t("factory.noGridEvent")}</p>
      ) : (
        <dl className="facts last-event" data-testid="last-event">
          <div>
            <dt>{`${format.minute(last.fromMs)} · ${last.feed ?? t("grid.allFeeds")}`}</dt>
            <dd>
              {format.power(last.limitW)}{" "}
              {last.state !== "over" ? (
                <Badge tone="accent">{t("grid.running")}</Badge>
              ) : last.response === null ? (
                <Badge>{t("unknown")}</Badge>
              ) : (
                <Badge tone={last.response.met ? "good" : "bad"}>{t(last.response.met ? "grid.met" : "grid.notMet")}</Badge>
              )}
            </dd>
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
