import { formatCount } from "@pulmu/units";

/** Epoch milliseconds as local wall time of a site, `2027-08-04 09:10:00`. */
export function localTime(atMs: number, utcOffsetMin: number): string {
  return new Date(atMs + utcOffsetMin * 60_000).toISOString().slice(0, 19).replace("T", " ");
}

/** Minutes east of UTC as `+09:00`. */
export function utcOffset(offsetMin: number): string {
  const minutes = Math.abs(offsetMin);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${offsetMin < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** A number that may not be known, `–` when it is not. */
export function known(value: number, format: (value: number) => string): string {
  return Number.isFinite(value) ? format(value) : "–";
}

/** Seconds as people compare latencies: `21 ms`, `840 ms`, `1.84 s`. */
export function latency(seconds: number): string {
  return known(seconds, (s) =>
    s < 0.9995 ? `${(s * 1000).toFixed(0)} ms` : s < 99.5 ? `${s.toFixed(s < 9.995 ? 2 : 1)} s` : `${s.toFixed(0)} s`,
  );
}

export function percent(share: number): string {
  return known(share, (s) => `${(s * 100).toFixed(0)} %`);
}

export function count(value: number): string {
  return known(value, formatCount);
}

/** 23040 → `23,040`. */
export function grouped(value: number): string {
  return known(value, (n) => n.toLocaleString("en-US", { maximumFractionDigits: 0 }));
}

export function fixed(value: number, digits: number, unit: string): string {
  return known(value, (n) => `${n.toFixed(digits)}${unit}`);
}
