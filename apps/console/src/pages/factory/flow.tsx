import { useLayoutEffect, useRef, useState } from "react";
import type { FactoryState, WorkState } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { layFlow, type PlacedNode } from "./flow-layout.ts";
import { flowOf } from "./flow-of.ts";

const HEIGHT = 330;
const NARROW = 560;
/** A node so high has room for its watts below its name. */
const TWO_LINES_FROM = 30;

/** The live Sankey, from feeds to tokens: widths are watts. */
export function Flow(props: {
  readonly state: FactoryState;
  readonly works: readonly WorkState[];
  readonly tenantColor: (id: string) => string;
  readonly onFeed: (tag: string) => void;
}) {
  const { state, works, tenantColor, onFeed } = props;
  const { t, format } = useSpeech();
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(760);
  useLayoutEffect(() => {
    setWidth(Math.max(300, box.current!.clientWidth)); // before the first picture: it must not be wider than its room
    const watcher = new ResizeObserver(([entry]) => setWidth(Math.max(300, entry.contentRect.width)));
    watcher.observe(box.current!);
    return () => watcher.disconnect();
  }, []);
  const { nodes, links } = flowOf(state, works, tenantColor, t, format);
  const isNarrow = width < NARROW;
  const margin = isNarrow ? 70 : 150;
  const flow = layFlow(nodes, links, { width: width - margin, height: HEIGHT - 16, gap: isNarrow ? 9 : 12, bar: 8 });
  const summary = t("factory.flowSummary", {
    feeds: format.power(state.sitePowerW),
    it: format.power(state.itPowerW),
    loss: format.power(state.lossPowerW),
    cooling: format.power(state.coolingPowerW),
    works: works.map(({ id, powerW }) => `${id} ${format.power(powerW)}`).join(", "),
  });
  return (
    <div ref={box} className="flow">
      <svg width={width} height={HEIGHT} role="img" aria-label={summary}>
        <g transform="translate(0 8)">
          {flow.links.map(({ key, path, width: thick, from, to, powerW }) => (
            <path
              key={key}
              d={path}
              className="flow-link"
              stroke={to.column >= 3 ? (to.column === 4 ? from.color : to.color) : to.color}
              strokeWidth={Math.max(0.75, thick)}
            >
              <title>{`${from.name} → ${to.name}: ${format.power(powerW)}`}</title>
            </path>
          ))}
          {flow.nodes.map((node) => {
            const isFeed = node.id.startsWith("feed:");
            return (
              <g
                key={node.id}
                transform={`translate(${node.x} ${node.y})`}
                className={isFeed ? "flow-feed" : undefined}
                onClick={isFeed ? () => onFeed(node.name) : undefined}
              >
                <rect width="8" height={Math.max(1.5, node.height)} rx="1.5" fill={node.color} />
                <text
                  x="13"
                  visibility={isNarrow && node.column < 2 ? "hidden" : undefined}
                  y={node.height / 2}
                  dy={node.height > TWO_LINES_FROM ? "-0.25em" : "0.33em"}
                >
                  <tspan className="flow-name">{clipped(node.text ?? node.name, isNarrow ? 9 : node.column === 4 ? 24 : 17)}</tspan>
                  {hasValue(node) && (!isNarrow || node.height > TWO_LINES_FROM) && (
                    <tspan className="flow-value" {...(node.height > TWO_LINES_FROM ? { x: 13, dy: "1.25em" } : { dx: 5 })}>
                      {format.power(node.powerW)}
                    </tspan>
                  )}
                </text>
              </g>
            );
          })}
        </g>
      </svg>
    </div>
  );
}

/** What ends in the middle has no room for its watts before the works' names: they stand in the bar above. */
function hasValue({ column, height }: PlacedNode): boolean {
  return column === 2 ? height > TWO_LINES_FROM : column < 4;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Cut between what people take for letters: Hangul may be written in combining parts. */
function clipped(text: string, most: number): string {
  const letters = [...graphemes.segment(text)];
  if (letters.length <= most) return text;
  return `${letters.slice(0, most - 1).map(({ segment }) => segment).join("")}…`; // prettier-ignore
}
