import { PulmuError } from "./error.ts";

/**
 * Units a file may use, by kind of quantity. Inside the program every number is in the first unit of its kind (factor 1),
 * and the name of the field says it: `powerW`, `energyJ`, `tempC`.
 */
const UNITS = {
  power: { W: 1, kW: 1e3, MW: 1e6, GW: 1e9 },
  energy: { J: 1, kJ: 1e3, MJ: 1e6, Wh: 3600, kWh: 3.6e6, MWh: 3.6e9, GWh: 3.6e12 },
  voltage: { V: 1, kV: 1e3 },
  temperature: { "°C": 1, C: 1 },
  duration: { s: 1, ms: 1e-3, min: 60, m: 60, h: 3600, d: 86400 },
  flow: { "L/min": 1, "m3/h": 1000 / 60 },
  ratio: { "": 1, "%": 0.01 },
} as const satisfies Record<string, Record<string, number>>;

export type QuantityKind = keyof typeof UNITS;

/**
 * `"55 MW"` → 55e6. A unit is required (a bare number is refused, except for ratios), and only units of this kind are known.
 * @throws PulmuError `quantity.*` naming the text and the units that would do.
 */
export function parseQuantity(text: string, kind: QuantityKind): number {
  const units: Record<string, number> = UNITS[kind];
  const known = Object.keys(units).filter((unit) => unit !== "");
  const match = /^\s*([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\d\s].*?)?\s*$/.exec(text);
  const example = kind === "ratio" ? `"95 %" or 0.95` : `"10 ${known[Math.min(1, known.length - 1)]}"`;
  if (match === null)
    throw new PulmuError({ code: "quantity.syntax", value: text, rule: `not ${article(kind)}`, hint: `write ${example}` });
  const factor = units[match[2] ?? ""];
  if (factor === undefined) {
    const kindOfUnit = (Object.keys(UNITS) as QuantityKind[]).find((other) => (match[2] ?? "") in UNITS[other] && match[2] !== undefined);
    const what =
      match[2] === undefined
        ? "has no unit"
        : kindOfUnit === undefined
          ? `has unknown unit "${match[2]}"`
          : `is ${article(kindOfUnit)}, not ${article(kind)}`;
    throw new PulmuError({
      code: "quantity.unit",
      value: text,
      rule: `this ${kind} ${what}`,
      hint: `one of ${known.join(", ")}; for example ${example}`,
    });
  }
  const number = Number(match[1].replaceAll("_", ""));
  return factor < 1 ? number / Math.round(1 / factor) : number * factor; // 95 % is 0.95, not 0.9500000000000001
}

/** 55_000_000 → `"55.0 MW"`: three significant figures, largest unit of 1 or more. For people, not for files. */
export function formatPower(powerW: number): string {
  return scaled(powerW, [
    [1e9, "GW"],
    [1e6, "MW"],
    [1e3, "kW"],
    [1, "W"],
  ]);
}

/** 3.6e9 → `"1.00 MWh"`. For people, not for files. */
export function formatEnergy(energyJ: number): string {
  return scaled(energyJ, [
    [3.6e12, "GWh"],
    [3.6e9, "MWh"],
    [3.6e6, "kWh"],
    [3.6e3, "Wh"],
    [1, "J"],
  ]);
}

/** 1_234_567 → `"1.23 M"`. For people, not for files. */
export function formatCount(count: number): string {
  return scaled(count, [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
    [1, ""],
  ]).trimEnd();
}

/** 5_400 → `"1 h 30 min"`: the two largest units. For people, not for files. */
export function formatDuration(durationS: number): string {
  const total = Math.round(Math.abs(durationS));
  const parts = [
    [Math.floor(total / 86400), "d"],
    [Math.floor(total / 3600) % 24, "h"],
    [Math.floor(total / 60) % 60, "min"],
    [total % 60, "s"],
  ] as const;
  const first = parts.findIndex(([n]) => n > 0);
  if (first < 0) return "0 s";
  const text = parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(" ");
  return durationS < 0 ? `-${text}` : text;
}

function scaled(value: number, steps: readonly (readonly [number, string])[]): string {
  const size = Math.abs(value);
  const [factor, unit] = steps.find(([step]) => size >= step * 0.9995) ?? steps[steps.length - 1];
  const x = value / factor;
  const digits = Math.abs(x) >= 99.95 ? 0 : Math.abs(x) >= 9.995 ? 1 : 2;
  return `${x.toFixed(size === 0 ? 0 : digits)} ${unit}`;
}

function article(word: string): string {
  return `${/^[aeiou]/.test(word) ? "an" : "a"} ${word}`;
}
