import type { CostSum, Quote, QuotePoint } from "@pulmu/power";
import { formatDuration, formatPower } from "@pulmu/units";
import { ASSUMED_PRICES } from "../../steer/factory-now.ts";
import { count, grouped } from "../../terminal/format.ts";
import { layout, type Span, type Style } from "../../terminal/style.ts";

/** A quote as JSON has it: maps as objects. */
export interface QuoteAnswer extends Omit<Quote, "price" | "request"> {
  readonly request: { readonly reductionW: number; readonly durationS: number; readonly feedTag?: string | undefined };
  readonly price: Omit<Quote["price"], "byTenant" | "byClass" | "works"> & {
    readonly works: Quote["price"]["works"];
    readonly byTenant: Readonly<Record<string, CostSum>>;
    readonly byClass: Readonly<Record<string, CostSum>>;
  };
}

export function quoteAnswer({ price: { byTenant, byClass, ...sums }, ...rest }: Quote): QuoteAnswer {
  return { ...rest, price: { ...sums, byTenant: Object.fromEntries(byTenant), byClass: Object.fromEntries(byClass) } };
}

const BAR = 20;
const EIGHTHS = " ▏▎▍▌▋▊▉█";

/** As people read it: whether it can be done, the cost step by step, who would pay. */
export function quoteText(
  { request, feasible, mostW, storageW, curve, price }: QuoteAnswer,
  of: string,
  width: number,
  style: Style,
): string {
  const { reductionW, durationS, feedTag } = request;
  const asked = `${formatPower(reductionW)} less on ${feedTag ?? "all feeds"} for ${formatDuration(durationS)}`;
  const most = `${formatPower(mostW)} is the most that can be given for so long`;
  const mwh = ((curve.at(-1)?.reductionW ?? 0) * durationS) / 3.6e9;
  const dearest = Math.max(1, ...curve.map((point) => point.marginalKrwPerMWh));
  const line = (...spans: readonly Span[]) => layout(spans, width).trimEnd();
  return [
    `${style.bold(`${asked}: `)}${feasible ? style.green("can be done") : style.red("CANNOT be done")}, ${most}`,
    line([of, style.dim]),
    ...(storageW > 0 ? [line([`batteries carry ${formatPower(storageW)} of it`])] : []),
    "",
    line(["    less by   tokens lost/s       KRW/s   slowed   the next MWh costs, KRW", style.dim]),
    ...curve.slice(1).map((point) => line(...pointSpans(point, dearest, style))),
    "",
    line(
      ["In all "],
      [`${count(price.tokensLost)} tokens`, style.bold],
      [", "],
      [`${grouped(price.lostKrw)} KRW`, style.bold],
      [mwh > 0 ? `, ${grouped(price.lostKrw / mwh)} KRW a MWh` : ""],
    ),
    ...Object.entries(price.byClass).map(([name, cost]) => line(...costSpans(name, cost))),
    ...Object.entries(price.byTenant).map(([name, cost]) => line(...costSpans(`tenant ${name}`, cost))),
    "",
    line([
      `At ${grouped(ASSUMED_PRICES.krwPerMTokens)} KRW a million output tokens and ${grouped(ASSUMED_PRICES.krwPerGpuH)} KRW for an hour of a job's GPU (assumed).`,
      style.dim,
    ]),
    "",
  ].join("\n");
}

function pointSpans(
  { reductionW, tokensPerS, krwPerS, marginalKrwPerMWh, worksSlowed, slowsCritical }: QuotePoint,
  dearest: number,
  style: Style,
): readonly Span[] {
  return [
    [
      `${formatPower(reductionW).padStart(11)} ${count(tokensPerS).padStart(15)} ${grouped(krwPerS).padStart(11)} ${String(worksSlowed).padStart(8)}   `,
    ],
    [grouped(marginalKrwPerMWh).padStart(11)],
    [" "],
    [bar(marginalKrwPerMWh / dearest), slowsCritical ? style.red : style.sky],
    [slowsCritical ? "  critical work too" : "", style.red],
  ];
}

function bar(share: number): string {
  const eighths = Math.max(0, Math.round(share * BAR * 8));
  return `${"█".repeat(eighths >> 3)}${(eighths & 7) === 0 ? "" : EIGHTHS[eighths & 7]}`;
}

function costSpans(name: string, { tokensLost, lostKrw, worksSlowed }: CostSum): readonly Span[] {
  return [
    [
      `   ${name.padEnd(22)} ${count(tokensLost).padStart(10)} tokens ${grouped(lostKrw).padStart(14)} KRW ${String(worksSlowed).padStart(4)} slowed`,
    ],
  ];
}
