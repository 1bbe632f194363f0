import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { Button } from "react-aria-components";
import type { FloorNow, FloorPlan } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Legend, Segments } from "../../parts/parts.tsx";
import { colour, useTheme } from "../../shell/theme.tsx";
import { FLOOR_MODES, HEALTH, rackColours, rampImage, scaleOf, type FloorMode } from "./floor-colours.ts";
import { layFloor, neighbour, rackAt } from "./floor-layout.ts";

const HEIGHT = 330;
const NEAREST = 12;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

interface View {
  /** Zoom over "all of it fits", and the plan's point at the picture's middle. */
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
}

/** All racks as a heat map on one canvas: thousands of them in a millisecond or two a frame. */
export function Floor(props: {
  readonly plan: FloorPlan;
  readonly now: FloorNow;
  readonly chosen: string | undefined;
  readonly tenantColor: (id: string) => string;
  readonly tenants: readonly { readonly id: string; readonly name: string }[];
  readonly onRack: (id: string) => void;
}) {
  const { plan, now, chosen, tenantColor, tenants, onRack } = props;
  const { t, format } = useSpeech();
  const { theme } = useTheme();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [mode, setMode] = useState<FloorMode>("power");
  const [size, setSize] = useState({ width: 800, height: HEIGHT });
  const [view, setView] = useState<View | undefined>();
  const [focus, setFocus] = useState(-1);
  const [hover, setHover] = useState<{ readonly rack: number; readonly x: number; readonly y: number }>();
  const drag = useRef<{ x: number; y: number; moved: boolean }>(undefined);

  const layout = useMemo(() => layFloor(plan, size.width / size.height), [plan, size]);
  const colours = useMemo(() => {
    const resolved = (name: string) => (name.startsWith("var(") ? colour(name.slice(6, -1)) : name);
    return rackColours(mode, plan, now, {
      health: [colour("line-strong"), colour("warn"), colour("bad"), colour("losses"), colour("t5")],
      tenant: (id) => resolved(tenantColor(id)),
      idle: colour("raised"),
    });
  }, [mode, plan, now, theme, tenantColor]);
  const fit = Math.min(size.width / layout.width, size.height / layout.height);
  const { zoom, x, y } = view ?? { zoom: 1, x: layout.width / 2, y: layout.height / 2 };
  const scale = fit * zoom;
  const toPlan = (px: number, py: number): readonly [number, number] => [
    x + (px - size.width / 2) / scale,
    y + (py - size.height / 2) / scale,
  ];
  const isChosen = plan.racks.id.indexOf(chosen ?? "");

  useEffect(() => {
    const place = canvas.current!.parentElement!;
    const watcher = new ResizeObserver(([entry]) => setSize({ width: Math.max(200, Math.floor(entry.contentRect.width)), height: HEIGHT }));
    watcher.observe(place);
    return () => watcher.disconnect();
  }, []);

  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      const context = canvas.current?.getContext("2d");
      if (context === null || context === undefined) return;
      const ratio = devicePixelRatio;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, size.width, size.height);
      const [left, top] = [size.width / 2 - x * scale, size.height / 2 - y * scale];
      const gap = scale > 5 ? Math.max(0.75, scale * 0.12) : scale > 2.5 ? 0.5 : 0;
      const cell = Math.max(1, scale - gap);
      context.fillStyle = colour("faint");
      context.font = `${Math.max(9, Math.min(12, scale * 1.2))}px ${getComputedStyle(document.documentElement).fontFamily}`;
      for (const hall of layout.halls) if (scale > 3) context.fillText(hall.id, left + hall.x * scale, top + (hall.y + 1.15) * scale);
      for (let r = 0; r < colours.length; r++) {
        const [px, py] = [left + layout.rackX[r] * scale, top + layout.rackY[r] * scale];
        if (px > size.width || py > size.height || px < -scale || py < -scale) continue;
        context.fillStyle = colours[r];
        context.fillRect(px, py, cell, cell * 1.25);
      }
      for (const [rack, ink] of [
        [hover?.rack ?? -1, "text"],
        [focus, "text"],
        [isChosen, "accent"],
      ] as const) {
        if (rack < 0) continue;
        context.strokeStyle = colour(ink);
        context.lineWidth = 2;
        context.strokeRect(left + layout.rackX[rack] * scale - 1, top + layout.rackY[rack] * scale - 1, cell + 2, cell * 1.25 + 2);
      }
    });
    return () => cancelAnimationFrame(frame);
  }, [colours, layout, size, scale, x, y, hover, focus, isChosen, theme]);

  const zoomBy = (factor: number, at: readonly [number, number] = [x, y]) => {
    const next = Math.min(NEAREST, Math.max(1, zoom * factor));
    if (next === 1) return setView(undefined);
    const part = 1 - zoom / next;
    setView({ zoom: next, x: x + (at[0] - x) * part, y: y + (at[1] - y) * part });
  };
  useEffect(() => {
    const place = canvas.current!;
    // Only with a modifier or a pinch: a plain wheel goes on scrolling the page.
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY / 300), toPlan(event.offsetX, event.offsetY));
    };
    place.addEventListener("wheel", wheel, { passive: false });
    return () => place.removeEventListener("wheel", wheel);
  });

  const pointed = (event: PointerEvent): number => {
    const rect = event.currentTarget.getBoundingClientRect();
    return rackAt(layout, ...toPlan(event.clientX - rect.left, event.clientY - rect.top));
  };
  const onKey = (event: KeyboardEvent) => {
    const arrow = ARROWS[event.key];
    if (arrow !== undefined) setFocus(focus < 0 ? Math.max(0, isChosen) : neighbour(layout, focus, ...arrow));
    else if ((event.key === "Enter" || event.key === " ") && focus >= 0) onRack(plan.racks.id[focus]);
    else if (event.key === "+" || event.key === "=") zoomBy(1.5, focus < 0 ? undefined : [layout.rackX[focus], layout.rackY[focus]]);
    else if (event.key === "-") zoomBy(1 / 1.5);
    else return;
    event.preventDefault();
  };
  const describe = (rack: number) =>
    t("floor.rack", {
      id: plan.racks.id[rack],
      power: format.power(now.powerW[rack]),
      limit: format.power(now.limitW[rack]),
      inlet: format.temp(now.inletDeciC[rack] / 10),
      work: now.works[now.work?.[rack] ?? -1]?.id ?? t("floor.idle"),
    });

  return (
    <>
      <div className="floor-tools">
        <Segments
          label={t("floor.by")}
          value={mode}
          options={FLOOR_MODES.map((each) => [each, t(`floor.${each}`)] as const)}
          onChange={setMode}
        />
        <FloorLegend mode={mode} now={now} tenants={tenants} tenantColor={tenantColor} />
        <span className="fill" />
        <Button className="button quiet small" aria-label={t("floor.zoomOut")} isDisabled={zoom === 1} onPress={() => zoomBy(1 / 1.6)}>
          −
        </Button>
        <Button className="button quiet small" aria-label={t("floor.zoomIn")} onPress={() => zoomBy(1.6)}>
          +
        </Button>
        {zoom > 1 && (
          <Button className="button quiet small" onPress={() => setView(undefined)}>
            {t("floor.reset")}
          </Button>
        )}
      </div>
      <div className="floor-box">
        <canvas
          ref={canvas}
          width={size.width * devicePixelRatio}
          height={size.height * devicePixelRatio}
          style={{ width: size.width, height: size.height, cursor: hover !== undefined ? "pointer" : zoom > 1 ? "grab" : "default" }}
          tabIndex={0}
          role="application"
          aria-label={t("floor.label", { racks: format.number(plan.racks.id.length), halls: plan.halls.length })}
          onKeyDown={onKey}
          onBlur={() => setFocus(-1)}
          onPointerDown={(event) => {
            drag.current = { x: event.clientX, y: event.clientY, moved: false };
            event.currentTarget.setPointerCapture(event.pointerId);
          }}
          onPointerMove={(event) => {
            const start = drag.current;
            if (start !== undefined && zoom > 1 && (start.moved || Math.hypot(event.clientX - start.x, event.clientY - start.y) > 4)) {
              setView({ zoom, x: x - (event.clientX - start.x) / scale, y: y - (event.clientY - start.y) / scale });
              drag.current = { x: event.clientX, y: event.clientY, moved: true };
              return;
            }
            const rack = pointed(event);
            const rect = event.currentTarget.getBoundingClientRect();
            setHover(rack < 0 ? undefined : { rack, x: event.clientX - rect.left, y: event.clientY - rect.top });
          }}
          onPointerUp={(event) => {
            const wasDragged = drag.current?.moved ?? false;
            drag.current = undefined;
            const rack = pointed(event);
            if (!wasDragged && rack >= 0) onRack(plan.racks.id[rack]);
          }}
          onPointerLeave={() => setHover(undefined)}
        />
        {hover !== undefined && (
          <div
            className="tip"
            style={{
              top: Math.min(hover.y + 14, HEIGHT - 70),
              ...(hover.x > size.width / 2 ? { right: size.width - hover.x + 10 } : { left: hover.x + 14 }),
            }}
          >
            <b>{plan.racks.id[hover.rack]}</b>
            <span>{`${format.power(now.powerW[hover.rack])} / ${format.power(now.limitW[hover.rack])} · ${format.temp(now.inletDeciC[hover.rack] / 10)}`}</span>
            <span>{now.works[now.work?.[hover.rack] ?? -1]?.id ?? t("floor.idle")}</span>
          </div>
        )}
      </div>
      <p className="visually-hidden" aria-live="polite">
        {focus >= 0 && describe(focus)}
      </p>
    </>
  );
}

function FloorLegend(props: {
  readonly mode: FloorMode;
  readonly now: FloorNow;
  readonly tenants: readonly { readonly id: string; readonly name: string }[];
  readonly tenantColor: (id: string) => string;
}) {
  const { mode, now, tenants, tenantColor } = props;
  const { t, format } = useSpeech();
  if (mode === "health") {
    const colors = ["var(--line-strong)", "var(--warn)", "var(--bad)", "var(--losses)", "var(--t5)"];
    return (
      <Legend
        items={HEALTH.map((name, i) => ({
          name: t(`health.${name}`),
          color: colors[i],
          value: format.number(now.health.filter((each) => each === i).length),
        }))}
      />
    );
  }
  if (mode === "tenant") return <Legend items={tenants.map(({ id, name }) => ({ name, color: tenantColor(id) }))} />;
  const scale = scaleOf(mode, now);
  const [low, high] =
    mode === "inlet"
      ? [format.temp(scale.low / 10), format.temp(scale.high / 10)]
      : mode === "cap"
        ? [t("floor.capNone"), t("floor.capFull")]
        : [format.percent(0), format.percent(1)];
  return (
    <span className="ramp">
      {low}
      <i style={{ background: rampImage(mode) }} />
      {high}
    </span>
  );
}
