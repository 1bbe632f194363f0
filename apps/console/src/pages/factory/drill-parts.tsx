import { usePointSeries } from "../../api/queries.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { TimeChart } from "../../parts/time-chart.tsx";

/** The last day of a point, against its limit. */
export function Day({ kind, id, limitW }: { readonly kind: "node" | "rack" | "gpu"; readonly id: string; readonly limitW: number }) {
  const { t, format } = useSpeech();
  const series = usePointSeries(kind, id);
  if (series === undefined || series.atMs.length < 2) return <div className="skeleton" />;
  const flat = series.atMs.map(() => limitW);
  return (
    <TimeChart
      label={`${id}, ${t("drill.series")}`}
      x={series.atMs.map((atMs) => atMs / 1000)}
      height={150}
      from={0}
      format={format.power}
      lines={[
        { name: t("line.power"), color: "gpus", values: series.powerW },
        { name: kind === "node" ? t("drill.rating") : t("line.limit"), color: "faint", values: series.limitW ?? flat, dash: true },
      ]}
    />
  );
}

export function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="live-value">{value}</dd>
    </div>
  );
}
