import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { queryClient, useApi, useFacts } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { GridEvent, Quote } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Badge, Card, Failure, Meter, Segments } from "../../parts/parts.tsx";
import { TimeChart } from "../../parts/time-chart.tsx";
import { SignIn } from "../../shell/account.tsx";
import { useClock } from "../../shell/clock.tsx";

const DURATIONS_S = ["60", "120", "900", "1800", "7200"] as const;
const SETTLE_MS = 250;
/** What it would cost changes with what runs. */
const QUOTE_EVERY_MS = 15_000;
const MW = 1e6;

interface Played {
  readonly confirmedBy: string | null;
  readonly limitW: number | null;
  readonly untilMs: number | null;
}

/** Ask for less: what it would cost, before anybody accepts it; and, on a simulated site, the event itself. */
export function AskCard(props: {
  readonly sitePowerW: number | undefined;
  /** The event that is under way or ahead. */
  readonly running: GridEvent | undefined;
  readonly onPlayed: () => void;
}) {
  const { sitePowerW, running, onPlayed } = props;
  const hasTarget = running !== undefined;
  const { t, format } = useSpeech();
  const { atMs } = useClock();
  const facts = useFacts().data;
  const [share, setShare] = useState(16);
  const [durationS, setDuration] = useState<(typeof DURATIONS_S)[number]>("60");
  // The draw when the page was opened: what is asked for must not move under the operator's hand.
  const [baseW, setBase] = useState<number>();
  useEffect(() => {
    if (baseW === undefined || hasTarget) setBase((known) => known ?? sitePowerW);
  }, [sitePowerW, baseW, hasTarget]);
  const reductionW = baseW === undefined ? undefined : Math.max(1e4, roundPower((baseW * share) / 100));
  const settled = useSettled(reductionW);
  const quote = useApi<Quote>(
    settled === undefined || atMs !== undefined || hasTarget || facts?.steers !== true
      ? undefined
      : `/api/grid/quote?reductionW=${settled}&durationS=${durationS}`,
    QUOTE_EVERY_MS,
  );
  const play = useMutation({
    mutationFn: () =>
      ask<Played>("/api/grid/events", {
        method: "POST",
        body: { limitW: Math.round((sitePowerW ?? 0) - (reductionW ?? 0)), durationS: Number(durationS) },
      }),
    onSuccess: () => {
      onPlayed();
      return queryClient.invalidateQueries();
    },
  });
  const lift = useMutation({
    mutationFn: () => ask<Played>("/api/grid/events", { method: "DELETE" }),
    onSuccess: () => queryClient.invalidateQueries(),
  });
  const said = play.data ?? undefined;
  return (
    <Card title={t("grid.ask")} className="c4 stretch">
      <div className="ask">
        <div className="field">
          <label htmlFor="reduce">
            {t("grid.reduce")} <b className="ask-power">{format.power(reductionW)}</b>
          </label>
          <input
            id="reduce"
            type="range"
            min={1}
            max={60}
            value={share}
            aria-valuetext={format.power(reductionW)}
            onChange={(event) => setShare(event.currentTarget.valueAsNumber)}
          />
        </div>
        <div className="field">
          <span className="label">{t("grid.for")}</span>
          <Segments
            label={t("grid.for")}
            value={durationS}
            options={DURATIONS_S.map(
              (each) =>
                [
                  each,
                  Number(each) < 3600 ? t("span.minutes", { count: Number(each) / 60 }) : t("span.hours", { count: Number(each) / 3600 }),
                ] as const,
            )}
            onChange={setDuration}
          />
        </div>
        {atMs !== undefined ? (
          <p className="note">{t("grid.quoteNow")}</p>
        ) : facts?.steers === false ? (
          <p className="note">{t("grid.quoteSteered")}</p>
        ) : (
          !hasTarget && <QuoteView quote={quote.data} error={quote.error} />
        )}
        {playRow()}
        {play.error !== null && <Failure error={play.error} />}
        {lift.error !== null && <Failure error={lift.error} />}
        {running !== undefined && <Running event={running} />}
        {said?.confirmedBy === null && !hasTarget && (
          <p className="failure" role="alert">
            {t("grid.unconfirmed")}
          </p>
        )}
      </div>
    </Card>
  );

  function playRow() {
    if (facts === undefined || atMs !== undefined) return null;
    if (!facts.mayPlayGrid) return <p className="note">{t("grid.playReal")}</p>;
    if (facts.who === null || !facts.who.mayPlayGrid) {
      return (
        <div className="ask-sign">
          <p className="note">{t("grid.playOperator")}</p>
          {facts.who === null && <SignIn>{t("top.signIn")}</SignIn>}
        </div>
      );
    }
    return (
      <div className="actions">
        {hasTarget && (
          <Button className="button" isDisabled={lift.isPending} onPress={() => lift.mutate()}>
            {t("grid.lift")}
          </Button>
        )}
        <Button className="button primary" isDisabled={play.isPending || hasTarget} onPress={() => play.mutate()}>
          {play.isPending ? `${t("grid.playing")} …` : t("grid.play")}
        </Button>
      </div>
    );
  }
}

/** What runs now: who confirmed it, how long it goes on, what it has cost so far. */
function Running({ event }: { readonly event: GridEvent }) {
  const { t, format } = useSpeech();
  const { limitW, fromMs, untilMs, nowMs, cost } = event;
  return (
    <div className="running" role="status" data-testid="running">
      <p>
        <b>{t("grid.chainAsked", { limit: format.power(limitW) })}</b>
        {untilMs !== null && (
          <span className="dim"> · {t("grid.left", { time: format.duration(Math.max(0, (untilMs - nowMs) / 1000)) })}</span>
        )}
      </p>
      {untilMs !== null && <Meter share={(nowMs - fromMs) / (untilMs - fromMs)} />}
      <dl className="facts">
        <div>
          <dt>
            {t("grid.cost")}, {t("grid.soFar").toLocaleLowerCase()}
          </dt>
          <dd>{format.krw(cost?.lostKrw ?? 0)}</dd>
        </div>
        <div>
          <dt>{t("grid.tokensLost")}</dt>
          <dd>{format.compact(cost?.tokensLost ?? 0)}</dd>
        </div>
      </dl>
    </div>
  );
}

function QuoteView({ quote, error }: { readonly quote: Quote | undefined; readonly error: unknown }) {
  const { t, format } = useSpeech();
  if (error !== null) return <Failure error={error} />;
  if (quote === undefined) return <div className="skeleton" />;
  const { curve, price, feasible, mostW, storageW } = quote;
  return (
    <>
      <p>
        <Badge tone={feasible ? "good" : "bad"}>
          {feasible ? t("grid.feasible") : t("grid.notFeasible", { most: format.power(mostW) })}
        </Badge>{" "}
        {curve.some(({ slowsCritical }) => slowsCritical) && <Badge tone="warn">{t("grid.criticalSlowed")}</Badge>}
      </p>
      <dl className="facts" data-testid="quote">
        <div>
          <dt>{t("grid.cost")}</dt>
          <dd>{format.krwShort(price.lostKrw)}</dd>
        </div>
        <div>
          <dt>{t("grid.tokensLost")}</dt>
          <dd>{format.compact(price.tokensLost)}</dd>
        </div>
        <div>
          <dt>{t("grid.worksSlowed")}</dt>
          <dd>{format.number(price.worksSlowed)}</dd>
        </div>
        {storageW > 0 && (
          <div>
            <dt>{t("grid.batteries")}</dt>
            <dd>{format.power(storageW)}</dd>
          </div>
        )}
      </dl>
      <TimeChart
        label={t("grid.curve")}
        x={curve.map(({ reductionW }) => reductionW)}
        xFormat={format.power}
        height={118}
        from={0}
        format={format.krwShort}
        lines={[{ name: t("grid.cost"), color: "accent", values: curve.map(({ krwPerS }) => krwPerS) }]}
      />
      <p className="note">{t("grid.curve")}</p>
    </>
  );
}

/** To a tenth of a MW, or of a kW where that is too coarse. */
function roundPower(powerW: number): number {
  const step = powerW >= MW ? MW / 10 : 1_000;
  return Math.round(powerW / step) * step;
}

/** A value once it has stopped moving. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
