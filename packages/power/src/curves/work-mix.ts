import { clockForCap, curvePowerW, curveSpeed, type Accelerator, type WorkKind } from "@pulmu/catalog";

export const WORK_KINDS = ["training", "prefill", "decode", "simulation"] as const satisfies readonly WorkKind[];

/** Share of their busy time that GPUs spend on each kind of work; the shares add up to 1. */
export type WorkMix = Readonly<Partial<Record<WorkKind, number>>>;

/** Speed of a GPU at one kind of work under a power cap and a clock limit, relative to unlimited, 0…1. */
export function speedUnder(accelerator: Accelerator, kind: WorkKind, capW: number, clockLimit: number): number {
  const curve = accelerator.curves[kind];
  const clock = Math.max(curve.minClock, Math.min(clockLimit, clockForCap(curve, capW)));
  const powerW = curvePowerW(curve, clock);
  if (powerW <= capW) return curveSpeed(curve, clock);
  // Even the lowest clock draws more than the cap: the device rests part of the time, as firmware does.
  return curveSpeed(curve, clock) * Math.max(0, (capW - accelerator.idleW) / (powerW - accelerator.idleW));
}

/** Speed at a mix: each part of the time stretches by its own kind's slowness. */
export function mixSpeed(accelerator: Accelerator, mix: WorkMix, capW: number, clockLimit = 1): number {
  let time = 0;
  for (const kind of WORK_KINDS) {
    const share = mix[kind] ?? 0;
    if (share === 0) continue;
    const speed = speedUnder(accelerator, kind, capW, clockLimit);
    if (speed === 0) return 0;
    time += share / speed;
  }
  return time === 0 ? 1 : 1 / time;
}

/** The lowest cap under which none of the mix is slowed, W per GPU. */
export function fullSpeedCapW(accelerator: Accelerator, mix: WorkMix): number {
  let capW = accelerator.minCapW;
  for (const kind of WORK_KINDS) if ((mix[kind] ?? 0) > 0) capW = Math.max(capW, accelerator.curves[kind].activeW);
  return Math.ceil(capW);
}

/** The cap that is so large a share, 0…1, of the way from the lowest cap to the one that slows nothing, W per GPU. */
export function capOfShare(accelerator: Accelerator, mix: WorkMix, share: number): number {
  const { minCapW } = accelerator;
  return minCapW + share * (fullSpeedCapW(accelerator, mix) - minCapW);
}

/** The way back: which share a cap is; 1 where the lowest cap slows nothing. */
export function shareOfCap(accelerator: Accelerator, mix: WorkMix, capW: number): number {
  const { minCapW } = accelerator;
  const spanW = fullSpeedCapW(accelerator, mix) - minCapW;
  return spanW <= 0 ? 1 : Math.min(1, Math.max(0, (capW - minCapW) / spanW));
}
