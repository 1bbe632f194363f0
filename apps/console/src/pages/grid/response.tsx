import { useMemo } from "react";
import { useApi, useSeries } from "../../api/queries.ts";
import type { GridEvent } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Card, Legend } from "../../parts/parts.tsx";
import { useClock } from "../../shell/clock.tsx";
import { TimeChart } from "../../parts/time-chart.tsx";

const SPAN_S = 900;
const POINTS = 400;
const HEIGHT = 370;

interface Curve {
  readonly curve: { readonly startMs: number; readonly stepMs: number; readonly powerW: readonly (number | null)[] } | null;
}

/** What the meters say against what was asked: of an event from before its start to its end, else of the last quarter of an hour. */
export function ResponseCard({ event }: { readonly event: GridEvent | undefined }) {
  const { t } = useSpeech();
  return (
    <Card title={event === undefined ? t("grid.live") : `${t("grid.live")} · ${event.feed ?? t("grid.allFeeds")}`} className="c8 stretch">
      {event === undefined || event.state === "ahead" ? <LastMinutes /> : <Event event={event} />}
    </Card>
  );
}

function LastMinutes() {
  const { t, format } = useSpeech();
  const answer = useSeries(["sitePowerW", "targetW", "envelopeW"], SPAN_S);
  if (answer === undefined) return <div className="skeleton" />;
  const lines = [
    { name: t("line.power"), color: "gpus" },
    { name: t("line.envelope"), color: "faint", dash: true },
    { name: t("line.target"), color: "text", dash: true },
  ];
  const { series } = answer;
  const values = [series["sitePowerW"], series["envelopeW"], series["targetW"]];
  return (
    <>
      <TimeChart
        label={t("grid.live")}
        x={answer.atMs.map((ms) => ms / 1000)}
        height={HEIGHT}
        format={format.power}
        lines={lines.map((line, i) => ({ ...line, values: values[i] }))}
      />
      <Legend items={lines.map((line) => ({ ...line, color: `var(--${line.color})` }))} />
    </>
  );
}

function Event({ event }: { readonly event: GridEvent }) {
  const { t, format } = useSpeech();
  const { atMs } = useClock();
  const isOver = event.state === "over" || atMs !== undefined;
  const { data } = useApi<Curve>(`/api/grid/events/${encodeURIComponent(event.id)}?points=${POINTS}`, isOver ? undefined : 1_000);
  const drawn = useMemo(() => {
    const curve = data?.curve;
    if (curve === null || curve === undefined) return undefined;
    // Seen from the past, what came later is not there yet.
    const shown = curve.powerW.filter((_, i) => atMs === undefined || curve.startMs + i * curve.stepMs <= atMs);
    const x = shown.map((_, i) => (curve.startMs + i * curve.stepMs) / 1000);
    return {
      x,
      powerW: shown,
      target: x.map((s) => (s * 1000 >= event.fromMs && (event.untilMs === null || s * 1000 < event.untilMs) ? event.limitW : null)),
    };
  }, [data, event.fromMs, event.untilMs, event.limitW, atMs]);
  if (drawn === undefined) return <LastMinutes />;
  const lines = [
    { name: t("line.power"), color: "gpus", values: drawn.powerW },
    { name: t("line.target"), color: "text", dash: true, values: drawn.target, width: 2 },
    { name: t("line.baseline"), color: "faint", dash: true, values: drawn.x.map(() => event.baselineW) },
  ];
  return (
    <>
      <TimeChart label={t("grid.live")} x={drawn.x} height={HEIGHT} format={format.power} lines={lines} />
      <Legend
        items={lines.map(({ name, color, dash, values }) => ({
          name,
          color: `var(--${color})`,
          ...(dash && { dash }),
          value: format.power(values.findLast((value) => value !== null && value !== undefined)),
        }))}
      />
    </>
  );
}
