import {
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
  type Ref,
} from "react";
import type { FloorNow, FloorPlan } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { colour, hexColour, useTheme } from "../../shell/theme.tsx";
import { layFloor, neighbour, rackAt } from "./floor-layout.ts";
import { FloorPainter } from "./floor-painter.ts";
import { known } from "./known.ts";
import { FULL_VIEW, movedBy, planPoint, zoomedBy, type Frame, type View } from "./floor-view.ts";

/** Of the plan, px: more where what stands beside it is higher. */
const LOWEST = 330;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** What the buttons around the plan do with it. */
export interface FloorHandle {
  zoomBy(factor: number): void;
  reset(): void;
}

/**
 * All racks on one canvas. Moving and zooming go past React: a frame is painted, and nothing else of the page is looked at. What is told of
 * it to the page is only whether it is zoomed.
 */
export function FloorCanvas(props: {
  readonly plan: FloorPlan;
  readonly now: FloorNow;
  readonly colours: Uint32Array;
  readonly chosen: string | undefined;
  readonly onRack: (id: string) => void;
  readonly onZoom: (isZoomed: boolean) => void;
  readonly handle: Ref<FloorHandle>;
}) {
  const { plan, now, colours, chosen, onRack, onZoom, handle } = props;
  const { t, format } = useSpeech();
  const { theme } = useTheme();
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<FloorPainter>(undefined);
  const view = useRef<View>(FULL_VIEW);
  const drag = useRef<{ x: number; y: number; moved: boolean }>(undefined);
  const [size, setSize] = useState({ width: 800, height: LOWEST });
  const [focus, setFocus] = useState(-1);
  const [hover, setHover] = useState(-1);
  const layout = useMemo(() => layFloor(plan, size.width / size.height), [plan, size]);
  const frame: Frame = { ...size, layout };
  const isChosen = chosen === undefined ? -1 : plan.racks.id.indexOf(chosen);

  useLayoutEffect(() => {
    const watcher = new ResizeObserver(([{ contentRect }]) =>
      setSize({ width: Math.max(200, Math.floor(contentRect.width)), height: Math.max(LOWEST, Math.floor(contentRect.height)) }),
    );
    watcher.observe(canvas.current!.parentElement!);
    painter.current = new FloorPainter(canvas.current!);
    return () => {
      watcher.disconnect();
      painter.current?.stop();
    };
  }, []);
  useEffect(() => {
    const outlines = [
      [hover, colour("text")],
      [focus, colour("text")],
      [isChosen, colour("accent")],
    ] as const;
    painter.current?.show({ ...size, layout, colours, outlines, ground: hexColour("panel"), ink: colour("faint") }, view.current);
  }, [colours, layout, size, hover, focus, isChosen, theme]);

  const turnTo = (next: View) => {
    if ((view.current.zoom === 1) !== (next.zoom === 1)) onZoom(next.zoom > 1);
    view.current = next;
    setHover(-1);
    painter.current?.look(next);
  };
  const zoomBy = (factor: number, at?: readonly [number, number]) => turnTo(zoomedBy(view.current, frame, factor, at));
  useImperativeHandle(handle, () => ({ zoomBy, reset: () => turnTo(FULL_VIEW) }));
  useEffect(() => {
    const place = canvas.current!;
    // Only with a modifier or a pinch: a plain wheel goes on scrolling the page.
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY / 300), planPoint(view.current, frame, event.offsetX, event.offsetY));
    };
    place.addEventListener("wheel", wheel, { passive: false });
    return () => place.removeEventListener("wheel", wheel);
  });

  const pointed = ({ nativeEvent }: PointerEvent): number =>
    rackAt(layout, ...planPoint(view.current, frame, nativeEvent.offsetX, nativeEvent.offsetY));
  const onKey = (event: KeyboardEvent) => {
    const arrow = ARROWS[event.key];
    const at = focus < 0 ? undefined : ([layout.rackX[focus], layout.rackY[focus]] as const);
    if (arrow !== undefined) setFocus(focus < 0 ? Math.max(0, isChosen) : neighbour(layout, focus, ...arrow));
    else if ((event.key === "Enter" || event.key === " ") && focus >= 0) onRack(plan.racks.id[focus]);
    else if (event.key === "+" || event.key === "=") zoomBy(1.5, at);
    else if (event.key === "-") zoomBy(1 / 1.5);
    else return;
    event.preventDefault();
  };
  const onMove = (event: PointerEvent) => {
    const start = drag.current;
    const [dx, dy] = start === undefined ? [0, 0] : [event.clientX - start.x, event.clientY - start.y];
    if (start !== undefined && view.current.zoom > 1 && (start.moved || Math.hypot(dx, dy) > 4)) {
      drag.current = { x: event.clientX, y: event.clientY, moved: true };
      return turnTo(movedBy(view.current, frame, dx, dy));
    }
    setHover(pointed(event)); // the same rack again: React leaves the page as it is
  };
  const workOf = (rack: number) => now.works[now.work[rack]]?.id ?? t("floor.idle");

  return (
    <div className="floor-box">
      <canvas
        ref={canvas}
        style={{ width: size.width, height: size.height, cursor: hover >= 0 ? "pointer" : view.current.zoom > 1 ? "grab" : "default" }}
        tabIndex={0}
        role="application"
        aria-label={t("floor.label", { racks: format.number(plan.racks.id.length), halls: plan.halls.length })}
        onKeyDown={onKey}
        onBlur={() => setFocus(-1)}
        onPointerDown={(event) => {
          drag.current = { x: event.clientX, y: event.clientY, moved: false };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={onMove}
        onPointerUp={(event) => {
          const wasDragged = drag.current?.moved ?? false;
          drag.current = undefined;
          const rack = pointed(event);
          if (!wasDragged && rack >= 0) onRack(plan.racks.id[rack]);
        }}
        onPointerLeave={() => setHover(-1)}
      />
      {hover >= 0 && <Tip rack={hover} plan={plan} now={now} frame={frame} view={view.current} work={workOf(hover)} />}
      <p className="visually-hidden" aria-live="polite">
        {focus >= 0 &&
          t("floor.rack", {
            id: plan.racks.id[focus],
            power: format.power(known(now.powerW[focus])),
            limit: format.power(known(now.limitW[focus])),
            inlet: format.temp(known(now.inletDeciC[focus], 0.1)),
            work: workOf(focus),
          })}
      </p>
    </div>
  );
}

/** What a rack does, beside it. */
function Tip(props: {
  readonly rack: number;
  readonly plan: FloorPlan;
  readonly now: FloorNow;
  readonly frame: Frame;
  readonly view: View;
  readonly work: string;
}) {
  const { rack, plan, now, frame, view, work } = props;
  const { format } = useSpeech();
  const [left, top, scale] = shownAt(view, frame, rack);
  const style = {
    top: Math.min(top + scale * 1.4 + 6, frame.height - 70),
    ...(left > frame.width / 2 ? { right: frame.width - left + 6 } : { left: left + scale + 6 }),
  };
  return (
    <div className="tip" style={style}>
      <b>{plan.racks.id[rack]}</b>
      <span>{`${format.power(known(now.powerW[rack]))} / ${format.power(known(now.limitW[rack]))} · ${format.temp(known(now.inletDeciC[rack], 0.1))}`}</span>
      <span>{work}</span>
    </div>
  );
}

function shownAt(view: View, frame: Frame, rack: number): readonly [left: number, top: number, scale: number] {
  const [x0, y0] = planPoint(view, frame, 0, 0);
  const [x1] = planPoint(view, frame, 1, 0);
  const scale = 1 / (x1 - x0);
  return [(frame.layout.rackX[rack] - x0) * scale, (frame.layout.rackY[rack] - y0) * scale, scale];
}
