import type { ReportData, SiteSeriesName } from "@pulmu/twin";
import { html, type Html } from "./html.ts";

/** Numbers of one line of a plot; null where there is none. */
export type Values = readonly (number | null)[];

export interface ChartSeries {
  readonly label: string;
  readonly values: Values;
  /** Name of a colour in the style sheet, without the dashes: `run-a`. */
  readonly colour: string;
  /** Where the line is drawn when that is not at its values: the top of its layer in a stack. */
  readonly top?: Values;
  readonly shape?: "line" | "area" | "points";
  readonly width?: number;
  readonly dash?: boolean;
  /** Drawn against the axis on the right. */
  readonly right?: boolean;
}

/** A plot, as the script in the page reads it. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  /** Of the axis on the left. */
  readonly unit: string;
  readonly rightUnit?: string;
  /** What to see in it, in a sentence or two. */
  readonly note?: string;
  /** `clock`: x is seconds of the site's local time since 1970. `elapsed`: seconds since the start. `value`: something else. */
  readonly axis: "clock" | "elapsed" | "value";
  readonly xLabel?: string;
  readonly x: Values;
  readonly series: readonly ChartSeries[];
  /** Starts the axis at zero. */
  readonly fromZero?: boolean;
  readonly logarithmic?: boolean;
  /** Same highest value for charts that are to be compared. */
  readonly max?: number;
  readonly tall?: boolean;
}

/** One run of the report, with what its charts need to stand on the time axis of all. */
export interface ReportRun {
  readonly data: ReportData;
  /** `""` when there is only one run, ` · A` and ` · B` when there are two. */
  readonly suffix: string;
  /** Colours for its lines: the main one, and a lighter one for a second line beside it. */
  readonly colour: string;
  readonly lightColour: string;
  /** Mean and maximum of a series on the common time axis. */
  mean(name: SiteSeriesName): Values;
  max(name: SiteSeriesName): Values;
}

/** The common time axis of the runs, and the runs on it. */
export function alignRuns(reports: readonly ReportData[]): {
  readonly axis: "clock" | "elapsed";
  readonly x: Values;
  readonly runs: readonly ReportRun[];
} {
  const [first] = reports;
  const stepS = Math.max(...reports.map(({ bucketS }) => bucketS));
  const steps = Math.max(...reports.map(({ run }) => Math.ceil(run.durationS / stepS)));
  const sameStart = reports.every(({ run }) => run.startMs === first.run.startMs && run.utcOffsetMin === first.run.utcOffsetMin);
  const x0 = sameStart ? first.run.startMs / 1000 + first.run.utcOffsetMin * 60 : 0;
  const onAxis = (series: Values | undefined, bucketS: number): Values =>
    Array.from({ length: steps }, (_, i) => series?.[Math.floor(((i + 0.5) * stepS) / bucketS)] ?? null);
  const runs = reports.map((data, i): ReportRun => ({
    data,
    suffix: reports.length === 1 ? "" : ` · ${"AB"[i]}`,
    colour: `run-${"ab"[i]}`,
    lightColour: `run-${"ab"[i]}-light`,
    mean: (name) => onAxis(data.mean[name], data.bucketS),
    max: (name) => onAxis(data.max[name], data.bucketS),
  }));
  return { axis: sameStart ? "clock" : "elapsed", x: Array.from({ length: steps }, (_, i) => x0 + i * stepS), runs };
}

/** Combines series second by second; null where any of them has none. Five significant digits. */
export function combine(series: readonly Values[], f: (...values: number[]) => number): Values {
  return series[0].map((_, i) => {
    const values = series.map((one) => one[i]);
    if (values.includes(null)) return null;
    const result = f(...(values as number[]));
    return Number.isFinite(result) ? Number(result.toPrecision(5)) : null;
  });
}

/** A power of a thousand that makes the largest value readable: `{ prefix: "k", factor: 1e3 }`. */
export function prefixFor(series: readonly Values[]): { readonly prefix: string; readonly factor: number } {
  const largest = Math.max(0, ...series.map((values) => values.reduce<number>((max, value) => Math.max(max, Math.abs(value ?? 0)), 0)));
  const prefixes = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const;
  const [factor, prefix] = prefixes.find(([size]) => largest >= size) ?? [1, ""];
  return { prefix, factor };
}

/** Series divided by a factor. */
export function scaled(values: Values, factor: number): Values {
  return combine([values], (value) => value / factor);
}

/** True when a series says anything: some value that is more than the dust of floating point. */
export function hasValues(values: Values): boolean {
  return values.some((value) => value !== null && Math.abs(value) > 1e-6);
}

/** The place of a plot in the page; the script draws into it. */
export function figure(chart: Chart): Html {
  return html`<figure class="chart">
    <figcaption>
      <h3>${chart.title} <span class="unit">${chart.unit}${chart.rightUnit === undefined ? "" : ` · right: ${chart.rightUnit}`}</span></h3>
      ${chart.note === undefined ? undefined : html`<p>${chart.note}</p>`}
    </figcaption>
    <div class="plot${chart.tall === true ? " tall" : ""}" data-chart="${chart.id}" role="img" aria-label="${describe(chart)}"></div>
  </figure>`;
}

/** What a plot shows, for those who do not see it: each line and its range. */
function describe({ title, unit, rightUnit, series }: Chart): string {
  const ranges = series.map(({ label, values, right }) => {
    const known = values.filter((value) => value !== null);
    if (known.length === 0) return `${label}: no values`;
    const low = known.reduce((a, b) => Math.min(a, b));
    const high = known.reduce((a, b) => Math.max(a, b));
    return `${label}: ${low} to ${high} ${right === true ? rightUnit : unit}`;
  });
  return `Plot: ${title}. ${ranges.join("; ")}.`;
}
