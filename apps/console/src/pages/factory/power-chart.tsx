import { useMemo, useState } from "react";
import { useSeries } from "../../api/queries.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Card, Legend, Segments } from "../../parts/parts.tsx";
import { TimeChart } from "../../parts/time-chart.tsx";

const SPANS = ["900", "3600", "21600", "86400"] as const;
const NAMES = ["gpuPowerW", "itPowerW", "lossPowerW", "coolingPowerW", "facilityPowerW", "envelopeW", "targetW", "sitePowerW"] as const;

/** Power by use over time, against envelope and target. */
export function PowerChart() {
  const { t, format } = useSpeech();
  const [span, setSpan] = useState<(typeof SPANS)[number]>("900");
  const answer = useSeries(NAMES, Number(span));
  const data = useMemo(() => {
    if (answer === undefined) return undefined;
    const { atMs, series } = answer;
    const otherIt = series["itPowerW"].map((it, i) => (it === null ? null : it - (series["gpuPowerW"][i] ?? 0)));
    return { x: atMs.map((ms) => ms / 1000), series, otherIt };
  }, [answer]);
  const lines = [
    { name: t("use.gpus"), color: "gpus" },
    { name: t("use.otherIt"), color: "other-it" },
    { name: t("use.losses"), color: "losses" },
    { name: t("use.cooling"), color: "cooling" },
    { name: t("use.facility"), color: "facility" },
  ];
  const overall = [
    { name: t("line.envelope"), color: "faint", dash: true },
    { name: t("line.target"), color: "text", dash: true },
  ];
  const values = data && [
    data.series["gpuPowerW"],
    data.otherIt,
    data.series["lossPowerW"],
    data.series["coolingPowerW"],
    data.series["facilityPowerW"],
  ];
  return (
    <Card
      title={t("factory.powerByUse")}
      className="c5 stretch"
      aside={
        <Segments
          label={t("time.label")}
          value={span}
          options={SPANS.map(
            (each) =>
              [
                each,
                Number(each) < 3600 ? t("span.minutes", { count: Number(each) / 60 }) : t("span.hours", { count: Number(each) / 3600 }),
              ] as const,
          )}
          onChange={setSpan}
        />
      }
    >
      {data === undefined || values === undefined ? (
        <div className="skeleton" />
      ) : (
        <TimeChart
          label={t("factory.powerByUse")}
          x={data.x}
          height={276}
          from={0}
          format={format.power}
          lines={[
            ...lines.map((line, i) => ({ ...line, values: values[i], stacked: true })),
            { ...overall[0], values: data.series["envelopeW"], width: 1.5 },
            { ...overall[1], values: data.series["targetW"], width: 2 },
          ]}
        />
      )}
      <Legend items={[...lines, ...overall].map(({ name, color, ...rest }) => ({ name, color: `var(--${color})`, ...rest }))} />
    </Card>
  );
}
