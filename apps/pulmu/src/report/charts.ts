import type { SiteSeriesName } from "@pulmu/twin";
import { alignRuns, combine, hasValues, prefixFor, scaled, type Chart, type ChartSeries, type ReportRun, type Values } from "./chart.ts";

/** Layers of the site's power, from the bottom of the stack to its top. */
const USES: readonly (readonly [label: string, colour: string, powerW: (run: ReportRun) => Values])[] = [
  ["GPUs", "use-gpu", (run) => run.mean("gpuPowerW")],
  ["Other IT", "use-it", (run) => combine([run.mean("itPowerW"), run.mean("gpuPowerW")], (it, gpu) => it - gpu)],
  ["Electrical losses", "use-loss", (run) => run.mean("lossPowerW")],
  ["Cooling", "use-cooling", (run) => run.mean("coolingPowerW")],
  ["Facility", "use-facility", (run) => run.mean("facilityPowerW")],
];

type Aligned = ReturnType<typeof alignRuns>;
type Time = Pick<Chart, "axis" | "x">;

/** Every plot of the report, by the section it stands in. A plot about something that did not happen is left out. */
export function chartsOf(
  aligned: Aligned,
): Readonly<Record<"power" | "efficiency" | "tokens" | "latency" | "cost" | "work" | "plant", readonly Chart[]>> {
  const { axis, x, runs } = aligned;
  const time = { axis, x };
  return {
    power: [...powerCharts(time, runs), ...batteryCharts(time, runs)],
    efficiency: [pueByWetBulb(runs), pueOverTime(time, runs)],
    tokens: tokenCharts(time, runs),
    latency: latencyCharts(time, runs),
    cost: costCharts(time, runs),
    work: gpuCharts(time, runs),
    plant: temperatureCharts(time, runs),
  };
}

function powerCharts(time: Time, runs: readonly ReportRun[]): readonly Chart[] {
  const stacks = runs.map((run) => powerStack(time, run));
  if (runs.length === 1) return stacks;
  const max =
    Math.max(...stacks.flatMap(({ series }) => series.flatMap(({ values, top }) => [...(top ?? values)].map((value) => value ?? 0)))) *
    1.04;
  const overlay: Chart = {
    ...time,
    id: "power",
    title: "Site power against the envelope",
    unit: "MW",
    series: [
      ...runs.map((run) => ({ label: `Site${run.suffix}`, values: megawatts(run.mean("sitePowerW")), colour: run.colour })),
      ...shared(runs, "Load target", "targetW", { colour: "target", width: 2 }),
      ...shared(runs, "Envelope", "envelopeW", { colour: "ink", dash: true }),
    ],
    tall: true,
  };
  return [overlay, ...stacks.map((stack) => ({ ...stack, max }))];
}

/** A limit as one line when it is the same for all runs, and as one of each run's colour when it is not. */
function shared(
  runs: readonly ReportRun[],
  label: string,
  name: SiteSeriesName,
  style: Omit<ChartSeries, "label" | "values">,
): readonly ChartSeries[] {
  const series = runs.map((run): ChartSeries => ({
    ...style,
    label: `${label}${run.suffix}`,
    colour: run.lightColour,
    values: megawatts(run.mean(name)),
  }));
  const [first] = series;
  const same = series.every(({ values }) => values.every((value, i) => value === first.values[i]));
  return (same ? [{ ...first, ...style, label }] : series).filter(({ values }) => hasValues(values));
}

function powerStack(time: Time, run: ReportRun): Chart {
  const layers: ChartSeries[] = [];
  let top: Values = time.x.map(() => 0);
  for (const [label, colour, powerW] of USES) {
    const values = megawatts(powerW(run));
    top = combine([top, values], (below, own) => below + own);
    layers.unshift({ label, colour, values, top, shape: "area" });
  }
  const lines: readonly ChartSeries[] = [
    { label: "Site", values: megawatts(run.mean("sitePowerW")), colour: "ink", width: 1 },
    { label: "Envelope", values: megawatts(run.mean("envelopeW")), colour: "ink", dash: true },
    { label: "Load target", values: megawatts(run.mean("targetW")), colour: "target", width: 2.5 },
  ];
  return {
    ...time,
    id: `power-use${run.suffix.toLowerCase().replace(" · ", "-")}`,
    title: `Power by use against the envelope${run.suffix}`,
    unit: "MW",
    note: "Where the line of the site leaves the stack, the battery charges (above) or discharges (below).",
    series: [...layers, ...lines.filter(({ values }) => hasValues(values))],
    fromZero: true,
    tall: true,
  };
}

function batteryCharts(time: Time, runs: readonly ReportRun[]): readonly Chart[] {
  if (!runs.some((run) => hasValues(run.mean("bessPowerW")))) return [];
  return [
    {
      ...time,
      id: "battery",
      title: "Battery",
      unit: "MW, charging is positive",
      rightUnit: "MWh stored",
      series: runs.flatMap((run): readonly ChartSeries[] => [
        { label: `Power${run.suffix}`, values: megawatts(run.mean("bessPowerW")), colour: run.colour },
        { label: `Stored${run.suffix}`, values: scaled(run.mean("bessStoredJ"), 3.6e9), colour: run.lightColour, dash: true, right: true },
      ]),
    },
  ];
}

function pueByWetBulb(runs: readonly ReportRun[]): Chart {
  const points = runs.flatMap((run, at) => {
    const wetBulb = run.mean("wetBulbC");
    return run.mean("pue").flatMap((pue, i) => (pue === null || wetBulb[i] === null ? [] : [{ at, wetBulb: wetBulb[i], pue }]));
  });
  points.sort((a, b) => a.wetBulb - b.wetBulb);
  return {
    id: "pue-wet-bulb",
    title: "PUE against wet bulb",
    unit: "site power ÷ IT power",
    note: "Each point is one interval of the run: what the weather does to the plant.",
    axis: "value",
    xLabel: "Outdoor wet bulb, °C",
    x: points.map(({ wetBulb }) => wetBulb),
    series: runs.map((run, at) => ({
      label: `PUE${run.suffix}`,
      values: points.map((point) => (point.at === at ? point.pue : null)),
      colour: run.colour,
      shape: "points",
    })),
  };
}

function pueOverTime(time: Time, runs: readonly ReportRun[]): Chart {
  return {
    ...time,
    id: "pue",
    title: "PUE over time",
    unit: "site power ÷ IT power",
    note: "The battery is left out, so that charging it is not taken for waste.",
    series: runs.map((run) => ({ label: `PUE${run.suffix}`, values: run.mean("pue"), colour: run.colour })),
  };
}

function tokenCharts(time: Time, runs: readonly ReportRun[]): readonly Chart[] {
  const perS = runs.map((run) => run.mean("tokensPerS"));
  const perSPerMW = runs.map((run) =>
    combine([run.mean("tokensPerS"), run.mean("sitePowerW")], (tokens, powerW) => tokens / (powerW / 1e6)),
  );
  const trained = runs.map((run) => run.mean("trainedTokensPerS"));
  const lines = (series: readonly Values[], factor: number): readonly ChartSeries[] =>
    runs.map((run, i) => ({ label: `Tokens${run.suffix}`, values: scaled(series[i], factor), colour: run.colour }));
  const chart = (id: string, title: string, series: readonly Values[], unit: string, note: string): Chart => {
    const { prefix, factor } = prefixFor(series);
    return { ...time, id, title, unit: `${prefix === "" ? "" : `${prefix} `}${unit}`, note, series: lines(series, factor), fromZero: true };
  };
  const charts = [
    chart("tokens", "Output tokens", perS, "tokens/s", "Inference and batch together."),
    chart(
      "tokens-per-mw",
      "Output tokens per megawatt",
      perSPerMW,
      "tokens/s per MW of the site",
      "Against all the site draws, training and cooling included.",
    ),
  ];
  if (trained.some(hasValues))
    charts.push(chart("trained-tokens", "Tokens trained on", trained, "tokens/s", "Before the work that failures undo is taken off."));
  const perToken = runs.map((run) => run.mean("joulesPerToken"));
  charts.push(
    chart(
      "joules-per-token",
      "Energy per output token",
      perToken,
      "J/token",
      "The site's energy for token work, cooling and losses included.",
    ),
  );
  return charts;
}

function latencyCharts(time: Time, runs: readonly ReportRun[]): readonly Chart[] {
  const percentiles = (id: string, title: string, unit: string, factor: number, median: SiteSeriesName, high: SiteSeriesName): Chart => {
    const series = runs.flatMap((run): readonly ChartSeries[] => [
      { label: `p99${run.suffix}`, values: scaled(run.mean(high), factor), colour: run.colour },
      { label: `p50${run.suffix}`, values: scaled(run.mean(median), factor), colour: run.lightColour },
    ]);
    return { ...time, id, title, unit, series, ...latencyAxis(series) };
  };
  return [
    percentiles("ttft", "Time to first token", "s", 1, "ttftP50S", "ttftP99S"),
    percentiles("itl", "Inter-token latency", "ms", 1e-3, "itlP50S", "itlP99S"),
    requestChart(time, runs),
  ];
}

function requestChart(time: Time, runs: readonly ReportRun[]): Chart {
  const waiting = runs
    .map((run): ChartSeries => ({
      label: `Waiting${run.suffix}`,
      values: run.mean("queuedRequests"),
      colour: run.lightColour,
      right: true,
      dash: true,
    }))
    .filter(({ values }) => hasValues(values));
  const arriving = runs.map((run): ChartSeries => ({
    label: `Arriving${run.suffix}`,
    values: run.mean("requestsPerS"),
    colour: run.colour,
  }));
  const chart: Chart = {
    ...time,
    id: "requests",
    title: "Requests",
    unit: "requests/s",
    series: [...arriving, ...waiting],
    fromZero: true,
  };
  return waiting.length === 0
    ? { ...chart, note: "None had to wait for a place in a batch." }
    : { ...chart, rightUnit: "waiting for a place in a batch" };
}

/** Latencies that differ a hundredfold are only readable on a logarithmic axis. */
function latencyAxis(series: readonly ChartSeries[]): { readonly logarithmic: true; readonly note: string } | { readonly fromZero: true } {
  const values = series.flatMap((one) => one.values.filter((value) => value !== null && value > 0)) as readonly number[];
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), 0);
  return high > 100 * low ? { logarithmic: true, note: "Logarithmic axis." } : { fromZero: true };
}

function costCharts(time: Time, runs: readonly ReportRun[]): readonly Chart[] {
  const perMillion = (id: string, title: string, unit: string, rate: SiteSeriesName, rateLabel: string, rateUnit: string): Chart => {
    // J/token = MJ per million tokens; ÷ 3.6 = kWh per million tokens; × rate per kWh.
    const cost = runs.map((run): ChartSeries => {
      const values = combine([run.mean("joulesPerToken"), run.mean(rate)], (energy, perKWh) => (energy / 3.6) * perKWh);
      return { label: `${title}${run.suffix}`, values, colour: run.colour };
    });
    const rates = runs.map((run): ChartSeries => ({
      label: `${rateLabel}${run.suffix}`,
      values: run.mean(rate),
      colour: run.lightColour,
      right: true,
      dash: true,
    }));
    return { ...time, id, title: `${title} per million output tokens`, unit, rightUnit: rateUnit, series: [...cost, ...rates] };
  };
  return [
    perMillion("cost", "Energy cost", "₩", "priceKrwPerKWh", "Price", "₩/kWh"),
    perMillion("carbon", "Carbon", "g CO₂", "carbonGPerKWh", "Grid intensity", "g CO₂/kWh"),
  ];
}

function gpuCharts(time: Time, runs: readonly ReportRun[]): readonly Chart[] {
  const lines = (states: readonly (readonly [label: string, name: SiteSeriesName, colour: string])[]): readonly ChartSeries[] =>
    runs
      .flatMap((run) =>
        states.map(([label, name, colour]) => ({
          label: `${label}${run.suffix}`,
          values: run.mean(name),
          colour,
          dash: run.suffix.endsWith("B"),
        })),
      )
      .filter(({ values }) => hasValues(values));
  const heldBack = lines([
    ["Capped", "cappedGpus", "use-loss"],
    ["Throttled by heat", "throttledGpus", "target"],
    ["Out of service", "failedGpus", "ink-2"],
  ]);
  const charts: Chart[] = [
    { ...time, id: "gpus-busy", title: "GPUs at work", unit: "GPUs", series: lines([["Busy", "busyGpus", "use-gpu"]]), fromZero: true },
  ];
  if (heldBack.length > 0)
    charts.push({ ...time, id: "gpus-held-back", title: "GPUs held back", unit: "GPUs", series: heldBack, fromZero: true });
  return charts;
}

function temperatureCharts(time: Time, runs: readonly ReportRun[]): readonly Chart[] {
  const lines = [
    ["Hottest rack inlet", "max", "maxInletC", "target"],
    ["Dry bulb", "mean", "dryBulbC", "use-loss"],
    ["Wet bulb", "mean", "wetBulbC", "use-it"],
  ] as const;
  const series = runs.flatMap((run) =>
    lines.map(([label, kind, name, colour]): ChartSeries => ({
      label: `${label}${run.suffix}`,
      values: run[kind](name),
      colour,
      dash: run.suffix.endsWith("B"),
    })),
  );
  return [{ ...time, id: "temperatures", title: "Temperatures", unit: "°C", series }];
}

function megawatts(values: Values): Values {
  return scaled(values, 1e6);
}
