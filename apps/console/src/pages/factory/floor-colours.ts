import type { FloorNow, FloorPlan } from "../../api/types.ts";
import { pixelOf } from "./floor-pixels.ts";

export const FLOOR_MODES = ["power", "cap", "inlet", "health", "tenant"] as const;
export type FloorMode = (typeof FLOOR_MODES)[number];
export const HEALTH = ["ok", "slowed", "hot", "silent", "disobedient"] as const;

/** Even steps to the eye, dark to bright, and told apart by people who do not see all colours; after Nathaniel Smith's and Stéfan van der Walt's "inferno". */
const HEAT = ["#1b1137", "#4a0c6b", "#781c6d", "#a52c60", "#cf4446", "#ed6925", "#fb9b06", "#f7d13d"];
/** Blue is cool, red is hot, the middle is nearly grey. */
const TEMPERATURE = ["#2f6fd0", "#5b9bd8", "#9bc2d8", "#cdd0cc", "#e3b08c", "#dd7a55", "#c93a36"];
const STEPS = 256;
/** What is held back of a rack when the ramp ends. */
const MOST_HELD = 0.6;

const bytes = (hex: string) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

/** 256 colours between the stops, as pixels: looked up, not worked out, for each rack. */
function ramp(stops: readonly string[]): Uint32Array {
  return Uint32Array.from({ length: STEPS }, (_, i) => {
    const at = (i / (STEPS - 1)) * (stops.length - 1);
    const low = Math.min(stops.length - 2, Math.floor(at));
    const [a, b] = [bytes(stops[low]), bytes(stops[low + 1])];
    const [red, green, blue] = a.map((value, c) => Math.round(value + (b[c] - value) * (at - low)));
    return pixelOf(`#${((red << 16) | (green << 8) | blue).toString(16).padStart(6, "0")}`);
  });
}

const STOPS = { power: HEAT, cap: ["#2d8f6f", "#8a9a4a", "#d99a2b", "#d9482b"], inlet: TEMPERATURE } as const;
const RAMPS = { power: ramp(STOPS.power), cap: ramp(STOPS.cap), inlet: ramp(STOPS.inlet) } as const;

/** The ramp as a picture, for the legend. */
export function rampImage(mode: keyof typeof STOPS): string {
  return `linear-gradient(90deg, ${STOPS[mode].join(", ")})`;
}

export interface Scale {
  readonly low: number;
  readonly high: number;
}

/** Of what a colour says: power over provisioned, what is held back, degrees. Fixed where people compare over time. */
export function scaleOf(mode: FloorMode, now: FloorNow): Scale {
  if (mode !== "inlet") return { low: 0, high: 1 };
  const known = now.inletDeciC.filter((value) => value >= 0);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const middle = (low + high) / 2;
  const half = Math.max(25, (high - low) / 2); // at least five degrees from end to end
  return { low: middle - half, high: middle + half };
}

/** The colour of every rack, as a pixel; what is fixed is given as the style sheet writes it: `#rrggbb`. */
export function rackColours(
  mode: FloorMode,
  plan: FloorPlan,
  now: FloorNow,
  fixed: { readonly health: readonly string[]; readonly tenant: (id: string) => string; readonly idle: string },
): Uint32Array {
  const { provisionedW } = plan.racks;
  const { low, high } = scaleOf(mode, now);
  const idle = pixelOf(fixed.idle);
  const look = (colours: Uint32Array, share: number) => colours[Math.max(0, Math.min(STEPS - 1, Math.round(share * (STEPS - 1))))];
  switch (mode) {
    case "power":
      return each(now.powerW, idle, (watts, r) => look(RAMPS.power, watts / provisionedW[r]));
    case "cap":
      return each(now.limitW, idle, (watts, r) => look(RAMPS.cap, (1 - watts / provisionedW[r]) / MOST_HELD));
    case "inlet":
      return each(now.inletDeciC, idle, (deciC) => look(RAMPS.inlet, (deciC - low) / (high - low)));
    case "health": {
      const pixels = fixed.health.map(pixelOf);
      return each(now.health, idle, (health) => pixels[health]);
    }
    case "tenant": {
      const pixels = now.works.map(({ tenantId }) => pixelOf(fixed.tenant(tenantId)));
      return each(now.work, idle, (work) => pixels[work]);
    }
  }
}

/** `idle` where nothing is known (-1). */
function each(values: readonly number[], idle: number, colourOf: (value: number, rack: number) => number): Uint32Array {
  return Uint32Array.from(values, (value, r) => (value < 0 ? idle : colourOf(value, r)));
}
