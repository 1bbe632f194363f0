/** Numbers, units and times as people of a language write them. All of them say a dash for what is not known. */
export type Language = "en" | "ko";

export const UNKNOWN = "–";

type Number_ = number | null | undefined;

export interface Format {
  readonly language: Language;
  readonly number: (value: Number_, digits?: number) => string;
  /** `12.8M`, `1,280만`. */
  readonly compact: (value: Number_) => string;
  readonly percent: (share: Number_, digits?: number) => string;
  /** `38.2 MW`; kW and W below. */
  readonly power: (watts: Number_) => string;
  readonly energy: (joules: Number_) => string;
  readonly mass: (grams: Number_) => string;
  readonly krw: (won: Number_) => string;
  /** A price far below a won: `₩0.0123`. */
  readonly krwFine: (won: Number_) => string;
  readonly krwShort: (won: Number_) => string;
  readonly temp: (celsius: Number_) => string;
  readonly latency: (seconds: Number_) => string;
  readonly duration: (seconds: Number_) => string;
  readonly clock: (atMs: Number_) => string;
  readonly minute: (atMs: Number_) => string;
  readonly dateTime: (atMs: Number_) => string;
  readonly date: (atMs: Number_) => string;
  /** A day of UTC, whatever the site's zone: what files call a day. */
  readonly day: (atMs: Number_) => string;
}

const known = (value: Number_): value is number => value !== null && value !== undefined && Number.isFinite(value);

export function formats(language: Language, timeZone: string): Format {
  const locale = language === "ko" ? "ko-KR" : "en-GB";
  const numbers = language === "ko" ? "ko-KR" : "en-US"; // British short forms are small letters: "m" for millions would be read as milli
  const cache = new Map<string, Intl.NumberFormat>();
  const made = (options: Intl.NumberFormatOptions) => {
    const key = JSON.stringify(options);
    let format = cache.get(key);
    if (format === undefined) cache.set(key, (format = new Intl.NumberFormat(numbers, options)));
    return format;
  };
  const number = (value: Number_, digits = 0) =>
    known(value) ? made({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value) : UNKNOWN;
  /** Three figures are what an instrument is good for. */
  const scaled = (value: Number_, steps: readonly (readonly [factor: number, unit: string])[]) => {
    if (!known(value)) return UNKNOWN;
    const [factor, unit] = steps.find(([from]) => Math.abs(value) >= from * 0.9995) ?? steps[steps.length - 1];
    const figures = Math.abs(value / factor);
    const digits = value === 0 ? 0 : figures >= 99.95 ? 0 : figures >= 9.995 ? 1 : 2;
    return `${number(value / factor, digits)} ${unit}`; // narrow, and never broken over two lines
  };
  const date = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(locale, { timeZone, hourCycle: "h23", ...options });
    return (atMs: Number_) => (known(atMs) ? format.format(atMs) : UNKNOWN);
  };
  const compactFormat = made({ notation: "compact", maximumSignificantDigits: 3 });
  const currency = made({ style: "currency", currency: "KRW", maximumFractionDigits: 0 });
  const currencyFine = made({ style: "currency", currency: "KRW", minimumFractionDigits: 0, maximumSignificantDigits: 3 });
  const currencyShort = made({ style: "currency", currency: "KRW", notation: "compact", maximumSignificantDigits: 3 });
  return {
    language,
    number,
    compact: (value) => (known(value) ? compactFormat.format(value) : UNKNOWN),
    percent: (share, digits = 0) =>
      known(share) ? made({ style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(share) : UNKNOWN,
    power: (watts) => scaled(watts, [[1e9, "GW"], [1e6, "MW"], [1e3, "kW"], [1, "W"]]), // prettier-ignore
    energy: (joules) => scaled(known(joules) ? joules / 3600 : joules, joulesBelowAWh(joules) ?? [[1e9, "GWh"], [1e6, "MWh"], [1e3, "kWh"], [1, "Wh"]]), // prettier-ignore
    mass: (grams) => scaled(grams, [[1e6, "t"], [1e3, "kg"], [1, "g"], [1e-3, "mg"], [1e-6, "µg"]]), // prettier-ignore
    krw: (won) => (known(won) ? currency.format(won) : UNKNOWN),
    krwFine: (won) => (known(won) ? (Math.abs(won) < 10 ? currencyFine : currency).format(won) : UNKNOWN),
    krwShort: (won) => (known(won) ? (Math.abs(won) < 10_000 ? currency : currencyShort).format(won) : UNKNOWN),
    temp: (celsius) => (known(celsius) ? `${number(celsius, 1)} °C` : UNKNOWN),
    latency: (seconds) => (known(seconds) ? (seconds < 0.9995 ? `${number(seconds * 1e3)} ms` : `${number(seconds, 2)} s`) : UNKNOWN),
    duration: (seconds) => {
      if (!known(seconds)) return UNKNOWN;
      if (seconds < 60) return `${number(seconds)} s`;
      if (seconds < 3_600) return `${number(seconds / 60)} min`;
      return `${number(seconds / 3_600, 1)} h`;
    },
    clock: date({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    minute: date({ hour: "2-digit", minute: "2-digit" }),
    date: date({ year: "numeric", month: language === "ko" ? "long" : "short", day: "numeric", hourCycle: undefined }),
    day: date({ year: "numeric", month: language === "ko" ? "long" : "short", day: "numeric", hourCycle: undefined, timeZone: "UTC" }),
    dateTime: date({ year: "numeric", month: language === "ko" ? "long" : "short", day: "numeric", hour: "2-digit", minute: "2-digit" }),
  };
}

/** An answer's energy is joules, not watt-hours. */
function joulesBelowAWh(joules: Number_): readonly (readonly [number, string])[] | undefined {
  if (!known(joules) || Math.abs(joules) >= 3_600) return undefined;
  return [[1 / 3.6, "kJ"], [1 / 3600, "J"], [1 / 3.6e6, "mJ"]]; // prettier-ignore
}
