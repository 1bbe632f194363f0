// Draws the plots of a report: each element with data-chart, from the chart of that id in the page's JSON.
(() => {
  /** @type {any[]} */
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const plots = [];
  let zooming = false;

  const number = (value) =>
    value == null
      ? "–"
      : value.toLocaleString("en-US", Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 });

  /** Names of the steps of an axis: all of them short where one would be long. */
  const steps = (_plot, splits) => {
    const long = splits.some((value) => Math.abs(value) >= 100_000);
    const name = (value) => (long ? value.toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 4 }) : number(value, 6));
    return splits.map((value) => (value == null ? "" : name(value)));
  };

  /** Seconds on the site's clock, or since the start. */
  const clock = (axis, seconds, withDay) => {
    if (axis === "elapsed") return `+${Math.floor(seconds / 3600)}:${String(Math.floor(seconds / 60) % 60).padStart(2, "0")}`;
    const at = new Date(seconds * 1000);
    const day = at.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
    const time = at.toISOString().slice(11, seconds % 60 === 0 ? 16 : 19);
    return withDay ? `${day} ${time}` : time === "00:00" ? day : time;
  };

  /** On a logarithmic axis, lines only at the powers of ten. */
  const decades = (_plot, splits) => splits.map((value) => (Number.isInteger(Math.log10(value)) ? value : null));

  const axisStyle = (logarithmic = false) => ({
    stroke: colour("ink-2"),
    font: `12px ${getComputedStyle(document.body).fontFamily}`,
    labelFont: `12px ${getComputedStyle(document.body).fontFamily}`,
    grid: { stroke: colour("rule"), width: 1, ...(logarithmic && { filter: decades }) },
    ticks: { stroke: colour("rule"), width: 1, size: 4, ...(logarithmic && { filter: decades }) },
  });

  /** The mark in the legend looks like what it names: a block, a point, a line, a dashed line. */
  const swatch = ({ colour: name, shape, dash }) => {
    const ink = colour(name);
    if (shape === "area") return ink;
    if (shape === "points") return `radial-gradient(${ink} 45%, transparent 50%)`;
    return `linear-gradient(90deg, ${ink} ${dash ? 40 : 100}%, transparent 0) center / ${dash ? "0.5em" : "100%"} 3px repeat-x`;
  };

  const seriesOf = (series) => {
    const stroke = colour(series.colour);
    const known = series.values.filter((value) => value != null);
    const mean = known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
    const shape = series.shape ?? "line";
    return {
      label: series.label,
      scale: series.right ? "right" : "y",
      stroke,
      fill: shape === "area" ? stroke : undefined,
      width: shape === "points" || shape === "area" ? 0 : (series.width ?? 1.5),
      dash: series.dash ? [6, 4] : undefined,
      paths: shape === "points" ? () => null : undefined,
      points: shape === "points" ? { show: true, size: 5, width: 0, fill: `${stroke}80` } : { show: false },
      // Under the cursor its value; otherwise its mean.
      value: (_plot, _value, _series, at) => (at == null ? (mean == null ? "–" : `mean ${number(mean)}`) : number(series.values[at])),
    };
  };

  const optionsOf = (chart, width) => {
    const timed = chart.axis !== "value";
    const long = timed && chart.x.at(-1) - chart.x[0] > 86400;
    const right = chart.series.some((series) => series.right);
    const range = (_plot, min, max) => {
      if (min == null) return [0, 1];
      if (chart.max !== undefined) return [0, chart.max];
      if (chart.fromZero) return [Math.min(0, min), max * 1.06 || 1];
      const room = (max - min) * 0.08 || Math.abs(max) * 0.02 || 1;
      return [min - room, max + room];
    };
    return {
      width,
      height: chart.tall ? 340 : 240,
      padding: [10, right ? 4 : 12, 0, 0],
      cursor: { sync: timed ? { key: "time" } : undefined, points: { size: 6 }, drag: { x: true, y: false } },
      legend: { markers: { width: 0, fill: (_plot, i) => (i === 0 ? "none" : swatch(chart.series[i - 1])) } },
      scales: {
        x: { time: false, range: timed ? undefined : range },
        y: chart.logarithmic ? { distr: 3 } : { range },
        right: { range: (_plot, min, max) => (min == null ? [0, 1] : [Math.min(0, min), max * 1.06 || 1]) },
      },
      axes: [
        {
          ...axisStyle(),
          label: chart.xLabel,
          labelSize: 18,
          size: 30,
          incrs: timed ? [1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800] : undefined,
          space: 64,
          values: timed ? (_plot, splits) => splits.map((at) => clock(chart.axis, at)) : undefined,
        },
        { ...axisStyle(chart.logarithmic), scale: "y", size: 56, values: steps },
        ...(right ? [{ ...axisStyle(), scale: "right", side: 1, size: 50, grid: { show: false }, values: steps }] : []),
      ],
      series: [
        {
          label: timed ? "Time" : chart.xLabel,
          value: (_plot, at) => (at == null ? "all" : timed ? clock(chart.axis, at, long) : number(at)),
        },
        ...chart.series.map(seriesOf),
      ],
      hooks: timed
        ? {
            setScale: [
              (plot, key) => {
                if (key !== "x" || zooming) return;
                zooming = true;
                const { min, max } = plot.scales.x;
                for (const other of plots) if (other.timed && other.plot !== plot) other.plot.setScale("x", { min, max });
                zooming = false;
              },
            ],
          }
        : {},
    };
  };

  /** Draws everything, in the colours in force now; `width` for paper, else as wide as each place is. */
  const draw = (width) => {
    for (const { plot } of plots.splice(0)) plot.destroy();
    for (const place of document.querySelectorAll("[data-chart]")) {
      const chart = charts.find(({ id }) => id === place.dataset.chart);
      const data = [chart.x, ...chart.series.map((series) => series.top ?? series.values)];
      const drawn = new uPlot(optionsOf(chart, width ?? place.clientWidth), data, place);
      plots.push({ plot: drawn, place, height: chart.tall ? 340 : 240, timed: false });
      plots.at(-1).timed = chart.axis !== "value"; // only now, so that drawing one does not zoom the rest
    }
  };

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
  new ResizeObserver(() => {
    for (const { plot, place, height } of plots) if (place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height });
  }).observe(document.querySelector("main"));
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.paper = "";
    draw(680);
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.paper;
    draw();
  });
})();
