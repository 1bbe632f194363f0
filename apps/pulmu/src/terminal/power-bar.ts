import { SERIES } from "@pulmu/twin";
import { fixed } from "./format.ts";
import type { Paint, Span, Style } from "./style.ts";

interface Use {
  readonly name: string;
  /** The name where room is short. */
  readonly short: string;
  readonly powerW: number;
  readonly paint: Paint;
  /** Without colour the uses differ by this. */
  readonly glyph: string;
}

/** What the site's power goes to, largest consumers first. A battery is a use only while it charges. */
function powerUses(row: Float64Array, style: Style): readonly Use[] {
  const use = (name: string, short: string, powerW: number, paint: Paint, glyph: string): Use => ({
    name,
    short,
    powerW,
    paint,
    glyph: style.colour ? "█" : glyph,
  });
  return [
    use("GPUs", "GPU", row[SERIES.gpuPowerW], style.blue, "█"),
    use("other IT", "IT", row[SERIES.itPowerW] - row[SERIES.gpuPowerW], style.sky, "▓"),
    use("losses", "loss", row[SERIES.lossPowerW], style.orange, "▒"),
    use("cooling", "cool", row[SERIES.coolingPowerW], style.green, "░"),
    use("facility", "fac.", row[SERIES.facilityPowerW], style.grey, "="),
    use("battery", "bat.", Math.max(0, row[SERIES.bessPowerW]), style.yellow, "+"),
  ];
}

/** The uses side by side on a scale that ends at the envelope (or beyond, when they exceed it), the load target marked. */
export function powerBar(row: Float64Array, width: number, style: Style): Span[] {
  const uses = powerUses(row, style);
  const total = uses.reduce((sum, { powerW }) => sum + (Number.isNaN(powerW) ? 0 : powerW), 0);
  const scaleW = Math.max(row[SERIES.envelopeW], total);
  const column = (powerW: number) => Math.min(width, Math.round((powerW / scaleW) * width));
  const cells: Span[] = Array.from({ length: width }, () => ["·", style.dim]);
  let upToW = 0;
  for (const use of uses) {
    cells.fill([use.glyph, use.paint], column(upToW), column(upToW + use.powerW));
    upToW += use.powerW;
  }
  const mark = (powerW: number, span: Span) => {
    if (powerW < scaleW * 0.9999) cells[Math.min(width - 1, column(powerW))] = span;
  };
  mark(row[SERIES.envelopeW], ["│", style.red]);
  mark(row[SERIES.targetW], ["┃", style.yellow]);
  return cells;
}

/** `█ GPUs 36.2  █ other IT 7.1 …`, in MW, in at most `width` columns; a battery that feeds the site is named with its minus. */
export function powerLegend(row: Float64Array, width: number, style: Style): Span[] {
  const inMW = (powerW: number) => fixed(powerW / 1e6, powerW < 9.995e6 ? 2 : 1, "");
  const uses = powerUses(row, style).filter((use) => use.name !== "battery" || use.powerW > 0);
  const legend = uses.flatMap((use): Span[] => [
    [use.glyph, use.paint],
    [width < 90 ? use.short : ` ${use.name}`, style.dim],
    [` ${inMW(use.powerW)}${width < 90 ? " " : "  "}`],
  ]);
  if (row[SERIES.bessPowerW] < 0) legend.push([width < 90 ? "◂bat. " : "◂ battery ", style.yellow], [inMW(row[SERIES.bessPowerW])]);
  return legend;
}
