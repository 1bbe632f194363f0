import type { ReactNode } from "react";
import { Link } from "wouter";
import { useMoment } from "../../api/queries.ts";
import type { GridEvent } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Badge, Card, type Tone } from "../../parts/parts.tsx";

/** The five links of the chain, from the grid's message to the accounts, with what each has done so far. */
export function ChainCard({ event }: { readonly event: GridEvent | undefined }) {
  const { t, format } = useSpeech();
  const { state, works } = useMoment();
  const slowed = works?.filter(({ because }) => because !== "free") ?? [];
  const isOver = event === undefined || event.state === "over";
  const cost = event?.cost;
  return (
    <Card
      title={t("grid.chain")}
      className="c12"
      aside={event !== undefined && <Link className="link" href={`/why/${event.trace}`}>{`${t("grid.why")} ›`}</Link>}
    >
      <ol className="chain" data-testid="chain">
        <Step name={t("grid.chainGrid")} tone={isOver ? "" : "accent"} value={event === undefined ? t("none") : format.power(event.limitW)}>
          {event === undefined
            ? t("grid.chainIdle")
            : `${format.clock(event.fromMs)} – ${event.untilMs === null ? t("grid.open") : format.clock(event.untilMs)}`}
        </Step>
        <Step
          name={t("grid.chainPower")}
          tone={toneOf(event)}
          value={event === undefined ? format.power(state?.sitePowerW) : stateOf(event)}
        >
          {event?.caps ? (
            <>
              {format.number(event.caps.racks)} {t("drill.racks").toLocaleLowerCase()}: {format.power(event.caps.fromW)} →{" "}
              {format.power(event.caps.toW)}
            </>
          ) : event?.drawnW != null ? (
            `${format.power(event.drawnW)} / ${format.power(event.allowedW)}`
          ) : (
            ""
          )}
        </Step>
        <Step
          name={t("grid.chainWork")}
          tone={slowed.length > 0 && !isOver ? "warn" : ""}
          value={isOver && cost ? format.number(cost.worksSlowed) : format.number(slowed.length)}
        >
          {t("grid.chainHeld", {
            count: isOver && cost ? cost.worksSlowed : slowed.length,
            critical:
              isOver && cost
                ? (cost.byClass["critical"]?.worksSlowed ?? 0)
                : slowed.filter(({ serviceClass }) => serviceClass === "critical").length,
          })}
        </Step>
        <Step name={t("grid.chainTokens")} tone="" value={cost ? `−${format.compact(cost.tokensLost)}` : format.compact(state?.tokensPerS)}>
          {cost ? t("grid.tokensLost") : t("factory.tokensShort")}
        </Step>
        <Step
          name={t("grid.chainAccounts")}
          tone={isOver && cost ? "good" : ""}
          value={format.krwShort(cost?.lostKrw ?? (event === undefined ? undefined : 0))}
        >
          {event?.settlement ? `${t("grid.paid")} ${format.krw(event.settlement.paidKrw)}` : t("grid.cost")}
        </Step>
      </ol>
    </Card>
  );

  function stateOf({ state: how, response, drawnW, limitW }: GridEvent): string {
    if (how === "over") return response === null ? t("unknown") : response.met ? t("grid.met") : t("grid.notMet");
    if (how === "ahead") return t("work.state.waiting");
    return how === "held" || (drawnW !== null && drawnW <= limitW) ? t("verdict.target") : t("verdict.ramp");
  }
}

function Step({
  name,
  value,
  tone,
  children,
}: {
  readonly name: string;
  readonly value: string;
  readonly tone: Tone;
  readonly children: ReactNode;
}) {
  return (
    <li className={`step ${tone}`}>
      <Badge tone={tone}>{name}</Badge>
      <b className="live-value">{value}</b>
      <span className="dim live-value">{children}</span>
    </li>
  );
}

function toneOf(event: GridEvent | undefined): Tone {
  if (event === undefined || event.state === "ahead") return "";
  if (event.breaches.some(({ status }) => status !== "resolved") && event.state !== "over") return "bad";
  if (event.state === "over") return event.response === null ? "" : event.response.met ? "good" : "bad";
  return event.state === "held" ? "good" : "warn";
}
