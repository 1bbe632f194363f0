import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { useSpeech } from "../i18n/language.tsx";
import { colour, useTheme } from "../shell/theme.tsx";
import { stack } from "./stack.ts";

export interface ChartLine {
  readonly name: string;
  /** Name of a colour of the style sheet. */
  readonly color: string;
  readonly values: readonly (number | null | undefined)[];
  /** Drawn as an area on top of the areas before it. */
  readonly stacked?: boolean;
  readonly dash?: boolean;
  readonly width?: number;
}

interface Tip {
  readonly left: number;
  readonly title: string;
  readonly rows: readonly { readonly name: string; readonly color: string; readonly value: string }[];
}

/** Series over time, or over another number when `xFormat` is given. One canvas; it keeps its plot while only the data change. */
export function TimeChart(props: {
  readonly label: string;
  /** Seconds since the epoch, or the other number. */
  readonly x: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly height: number;
  readonly format: (value: number | null | undefined) => string;
  readonly xFormat?: (value: number) => string;
  /** Lowest and highest value always shown. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}) {
  const { label, x, lines, height, format, xFormat, from, to } = props;
  const { format: words } = useSpeech();
  const { theme } = useTheme();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [tip, setTip] = useState<Tip>();
  const shape = lines.map(({ name, color, stacked, dash }) => `${name}|${color}|${stacked}|${dash}`).join("\n");

  useEffect(() => {
    const place = box.current!;
    const { lines: drawn } = latest.current;
    const xText = (value: number) => latest.current.xFormat?.(value) ?? words.minute(value * 1000);
    const axis = {
      stroke: colour("faint"),
      grid: { stroke: colour("line"), width: 1 },
      ticks: { show: false },
      font: "11px Inter Variable, sans-serif",
    };
    const made = new uPlot(
      {
        width: place.clientWidth || 300,
        height: latest.current.height,
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: { points: { size: 6 }, drag: { x: false, y: false } },
        scales: {
          x: { time: latest.current.xFormat === undefined },
          y: {
            range: (_plot, low, high) => {
              const { from: least, to: most } = latest.current;
              const [bottom, top] = [Math.min(least ?? low ?? 0, low ?? 0), Math.max(most ?? high ?? 1, high ?? 1)];
              const room = (top - bottom || Math.abs(top) || 1) * 0.06;
              return [least === undefined ? bottom - room : bottom, top + room];
            },
          },
        },
        axes: [
          { ...axis, size: 26, space: 60, values: (_plot, splits) => splits.map(xText) },
          { ...axis, size: 62, space: 34, values: (_plot, splits) => splits.map((value) => latest.current.format(value)) },
        ],
        series: [
          {},
          ...drawn.map(({ name, color, stacked, dash, width }) => ({
            label: name,
            stroke: colour(color),
            width: width ?? (stacked ? 1 : 1.75),
            points: { show: false },
            ...(dash && { dash: [5, 4] }),
            ...(stacked && { fill: `color-mix(in srgb, ${colour(color)} 55%, transparent)` }),
          })),
        ],
        bands: bandsOf(drawn),
        hooks: {
          setCursor: [
            (self) => {
              const { idx, left } = self.cursor;
              if (idx === null || idx === undefined || left === undefined || left < 0) return setTip(undefined);
              const current = latest.current;
              setTip({
                left: left + self.bbox.left / devicePixelRatio,
                title: current.xFormat?.(current.x[idx]) ?? words.clock(current.x[idx] * 1000),
                rows: current.lines.map(({ name, color, values }) => ({ name, color, value: current.format(values[idx]) })),
              });
            },
          ],
        },
      },
      dataOf(latest.current),
      place,
    );
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize({ width: place.clientWidth, height: latest.current.height }));
    watcher.observe(place);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape, theme, words, xFormat === undefined]);

  useEffect(() => plot.current?.setData(dataOf({ x, lines })), [x, lines, from, to]);

  const width = box.current?.clientWidth ?? 0;
  return (
    <div className="chart" role="img" aria-label={`${label}: ${summary(lines, format)}`} style={{ minHeight: height }}>
      <div ref={box} />
      {tip !== undefined && (
        <div className="tip" style={tip.left > width / 2 ? { right: width - tip.left + 12, top: 8 } : { left: tip.left + 12, top: 8 }}>
          <b>{tip.title}</b>
          {tip.rows.map(({ name, color, value }) => (
            <span key={name}>
              <i style={{ background: `var(--${color})` }} />
              {name}
              <em>{value}</em>
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

/** What a screen reader is told: the last value of each line. */
function summary(lines: readonly ChartLine[], format: (value: number | null | undefined) => string): string {
  return lines.map(({ name, values }) => `${name} ${format(values.findLast((value) => value !== null && value !== undefined))}`).join(", ");
}

function dataOf({ x, lines }: { readonly x: readonly number[]; readonly lines: readonly ChartLine[] }): uPlot.AlignedData {
  return [[...x], ...stack(x.length, lines)] as uPlot.AlignedData;
}

/** Each area is filled down to the one below it. */
function bandsOf(lines: readonly ChartLine[]): uPlot.Band[] {
  const stacked = lines.flatMap((line, i) => (line.stacked ? [i + 1] : []));
  return stacked.slice(1).map((series, i) => ({ series: [series, stacked[i]] as [number, number] }));
}
