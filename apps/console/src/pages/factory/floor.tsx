import { useMemo, useRef, useState } from "react";
import { Button } from "react-aria-components";
import type { FloorNow, FloorPlan } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Legend, Segments } from "../../parts/parts.tsx";
import { hexColour, useTheme } from "../../shell/theme.tsx";
import { FloorCanvas, type FloorHandle } from "./floor-canvas.tsx";
import { FLOOR_MODES, HEALTH, rackColours, rampImage, scaleOf, type FloorMode } from "./floor-colours.ts";

/** All racks as a heat map, what their colours say, and how near one looks. */
export function Floor(props: {
  readonly plan: FloorPlan;
  readonly now: FloorNow;
  readonly chosen: string | undefined;
  readonly tenantColor: (id: string) => string;
  readonly tenants: readonly { readonly id: string; readonly name: string }[];
  readonly onRack: (id: string) => void;
}) {
  const { plan, now, chosen, tenantColor, tenants, onRack } = props;
  const { t } = useSpeech();
  const { theme } = useTheme();
  const [mode, setMode] = useState<FloorMode>("power");
  const [isZoomed, setZoomed] = useState(false);
  const canvas = useRef<FloorHandle>(null);
  const colours = useMemo(() => {
    const resolved = (name: string) => hexColour(name.slice("var(--".length, -1));
    return rackColours(mode, plan, now, {
      health: [hexColour("line-strong"), hexColour("warn"), hexColour("bad"), hexColour("losses"), hexColour("t5")],
      tenant: (id) => resolved(tenantColor(id)),
      idle: hexColour("raised"),
    });
  }, [mode, plan, now, theme, tenantColor]);
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
        <Button
          className="button quiet small"
          aria-label={t("floor.zoomOut")}
          isDisabled={!isZoomed}
          onPress={() => canvas.current?.zoomBy(1 / 1.6)}
        >
          −
        </Button>
        <Button className="button quiet small" aria-label={t("floor.zoomIn")} onPress={() => canvas.current?.zoomBy(1.6)}>
          +
        </Button>
        {isZoomed && (
          <Button className="button quiet small" onPress={() => canvas.current?.reset()}>
            {t("floor.reset")}
          </Button>
        )}
      </div>
      <FloorCanvas plan={plan} now={now} colours={colours} chosen={chosen} onRack={onRack} onZoom={setZoomed} handle={canvas} />
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
