import { useLayoutEffect, useRef, useState } from "react";
import type { FactoryState, WorkState } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { layFlow, type PlacedNode, roomBeside } from "./flow-layout.ts";
import { flowOf } from "./flow-of.ts";

const HEIGHT = 330;
const NARROW = 560;
/** A node so high has room for its watts below its name. */
const TWO_LINES_FROM = 30;
const BAR = 8;
/** Where a node's label begins, px from its left, and about how wide one of its letters is. */
const LABEL_AT = 13;
const LETTER = 6.9;
const LAST_COLUMN = 4;

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
  const frame = { width: width - margin, height: HEIGHT - 16, gap: isNarrow ? 9 : 12, bar: BAR };
  const flow = layFlow(nodes, links, frame);
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
            const { name, value, isBelow } = labelOf(node, format.power(node.powerW), isNarrow, frame);
            return (
              <g
                key={node.id}
                transform={`translate(${node.x} ${node.y})`}
                className={isFeed ? "flow-feed" : undefined}
                onClick={isFeed ? () => onFeed(node.name) : undefined}
              >
                <rect width={BAR} height={Math.max(1.5, node.height)} rx="1.5" fill={node.color} />
                <text
                  x={LABEL_AT}
                  visibility={isNarrow && node.column < 2 ? "hidden" : undefined}
                  y={node.height / 2}
                  dy={isBelow ? "-0.25em" : "0.33em"}
                >
                  <tspan className="flow-name">{name}</tspan>
                  {value !== undefined && (
                    <tspan className="flow-value" {...(isBelow ? { x: LABEL_AT, dy: "1.25em" } : { dx: 5 })}>
                      {value}
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

/** What is written beside a node: its name as far as there is room, its watts below it, or after it where they still fit. */
function labelOf(node: PlacedNode, watts: string, isNarrow: boolean, frame: { readonly width: number; readonly bar: number }) {
  const { column, height, text } = node;
  const room = roomBeside(column, frame) - (LABEL_AT - BAR);
  const name = clipped(text ?? node.name, Math.min(24, Math.max(isNarrow ? 9 : 12, Math.floor(room / LETTER))));
  if (column === LAST_COLUMN) return { name, value: undefined, isBelow: false };
  const isBelow = height > TWO_LINES_FROM;
  const fits = !isNarrow && (name.length + watts.length) * LETTER < room;
  return { name, value: isBelow || fits ? watts : undefined, isBelow };
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Cut between what people take for letters: Hangul may be written in combining parts. */
function clipped(text: string, most: number): string {
  const letters = [...graphemes.segment(text)];
  if (letters.length <= most) return text;
  return `${letters.slice(0, most - 1).map(({ segment }) => segment).join("")}…`; // prettier-ignore
}
