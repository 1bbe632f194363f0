import { formatCount, formatDuration, formatEnergy, formatPower } from "@pulmu/units";
import type { ReportData } from "@pulmu/twin";

/** What stands where there is no number. */
export const NONE = "–";

/** A formatter that shows a missing number as a dash. */
export type Format = (value: number | null | undefined) => string;

const present =
  (format: (value: number) => string): Format =>
  (value) =>
    value === null || value === undefined || !Number.isFinite(value) ? NONE : format(value);

/** 1234567.8 → `1,234,568`; small numbers keep three significant digits. */
export const number: Format = present((value) =>
  value.toLocaleString("en-US", Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 }),
);
export const integer: Format = present((value) => value.toLocaleString("en-US", { maximumFractionDigits: 0 }));
export const power: Format = present(formatPower);
export const energy: Format = present(formatEnergy);
export const count: Format = present(formatCount);
export const duration: Format = present(formatDuration);
export const percent: Format = present((value) => `${(value * 100).toFixed(value >= 0.1 ? 1 : 2)} %`);
export const ratio: Format = present((value) => value.toFixed(3));
export const won: Format = present((value) => `₩${number(value)}`);
export const joules: Format = present((value) => `${number(value)} J`);
/** Mass of CO₂: 1234 g → `1.23 kg`. */
export const carbon: Format = present((value) =>
  value >= 1e6 ? `${number(value / 1e6)} t` : value >= 1e3 ? `${number(value / 1e3)} kg` : `${number(value)} g`,
);
/** 0.0213 s → `21.3 ms`. */
export const latency: Format = present((value) => (value < 1 ? `${number(value * 1000)} ms` : `${number(value)} s`));
/** 0.0000000001 → `1e-10`: for errors of arithmetic. */
export const scientific: Format = present((value) => (value === 0 ? "0" : value.toExponential(1)));

/** Seconds of the run → the site's clock, `14:05:30`, with the day in front when the run is longer than one. */
export function clock(run: ReportData["run"], atS: number): string {
  const local = new Date(run.startMs + (run.utcOffsetMin * 60 + atS) * 1000).toISOString();
  return `${run.durationS > 86_400 ? `${local.slice(5, 10)} ` : ""}${local.slice(11, 19)}`;
}

/** `2027-08-04 00:00 (UTC+9)`. */
export function startOf(run: ReportData["run"]): string {
  const local = new Date(run.startMs + run.utcOffsetMin * 60_000).toISOString();
  const offset = `${run.utcOffsetMin < 0 ? "−" : "+"}${number(Math.abs(run.utcOffsetMin) / 60)}`;
  return `${local.slice(0, 10)} ${local.slice(11, 16)} (UTC${offset})`;
}
