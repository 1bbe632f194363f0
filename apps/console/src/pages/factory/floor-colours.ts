import type { FloorNow, FloorPlan } from "../../api/types.ts";

export const FLOOR_MODES = ["power", "cap", "inlet", "health", "tenant"] as const;
export type FloorMode = (typeof FLOOR_MODES)[number];
export const HEALTH = ["ok", "slowed", "hot", "silent", "disobedient"] as const;

/** Even steps to the eye, dark to bright, and told apart by people who do not see all colours; after Nathaniel Smith's and Stéfan van der Walt's "inferno". */
const HEAT = ["#1b1137", "#4a0c6b", "#781c6d", "#a52c60", "#cf4446", "#ed6925", "#fb9b06", "#f7d13d"];
/** Blue is cool, red is hot, the middle is nearly grey. */
const TEMPERATURE = ["#2f6fd0", "#5b9bd8", "#9bc2d8", "#cdd0cc", "#e3b08c", "#dd7a55", "#c93a36"];
const STEPS = 256;

const rgb = (hex: string) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

/** 256 colours between the stops: looked up, not worked out, for each rack of each frame. */
function ramp(stops: readonly string[]): readonly string[] {
  return Array.from({ length: STEPS }, (_, i) => {
    const at = (i / (STEPS - 1)) * (stops.length - 1);
    const low = Math.min(stops.length - 2, Math.floor(at));
    const [a, b] = [rgb(stops[low]), rgb(stops[low + 1])];
    return `rgb(${a.map((value, c) => Math.round(value + (b[c] - value) * (at - low))).join(" ")})`;
  });
}

const RAMPS = { power: ramp(HEAT), cap: ramp(["#2d8f6f", "#8a9a4a", "#d99a2b", "#d9482b"]), inlet: ramp(TEMPERATURE) } as const;

/** The ramp as a picture, for the legend. */
export function rampImage(mode: "power" | "cap" | "inlet"): string {
  const colours = RAMPS[mode];
  return `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map((at) => colours[Math.round(at * (STEPS - 1))]).join(", ")})`;
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

/** The colour of every rack. */
export function rackColours(
  mode: FloorMode,
  plan: FloorPlan,
  now: FloorNow,
  fixed: { readonly health: readonly string[]; readonly tenant: (id: string) => string; readonly idle: string },
): string[] {
  const { provisionedW } = plan.racks;
  const scale = scaleOf(mode, now);
  const look = (colours: readonly string[], share: number) => colours[Math.max(0, Math.min(STEPS - 1, Math.round(share * (STEPS - 1))))];
  return provisionedW.map((mostW, r) => {
    switch (mode) {
      case "power":
        return now.powerW[r] < 0 ? fixed.idle : look(RAMPS.power, now.powerW[r] / mostW);
      case "cap":
        return now.limitW[r] < 0 ? fixed.idle : look(RAMPS.cap, (1 - now.limitW[r] / mostW) / 0.6);
      case "inlet":
        return now.inletDeciC[r] < 0 ? fixed.idle : look(RAMPS.inlet, (now.inletDeciC[r] - scale.low) / (scale.high - scale.low));
      case "health":
        return fixed.health[now.health[r]];
      case "tenant": {
        const work = now.works[now.work?.[r] ?? -1];
        return work === undefined ? fixed.idle : fixed.tenant(work.tenantId);
      }
    }
  });
}
