import { cos } from "@pulmu/units";

/**
 * Swings of these frequencies trouble a grid: below 1 Hz between regions, 1 to 2.5 Hz locally, 7 Hz and up in turbine shafts
 * (Choukse et al., "Power Stabilization for AI Training Datacenters", arXiv 2508.14318).
 */
export const CRITICAL_BAND = { fromHz: 0.1, untilHz: 20 } as const;

/** How a power swings, of a series of even steps. */
export interface Swing {
  /** Root mean square of all that is not the mean, W; and of what lies in the band. */
  readonly rmsW: number;
  readonly bandRmsW: number;
  /** Share of the swing's energy that lies in the band, 0…1: utilities ask for 0.2 at most (arXiv 2508.14318). */
  readonly bandShare: number;
}

/**
 * Splits a swing by frequency (discrete Fourier transform). Sampling at `intervalS` shows nothing above half its rate: at 1 s the band
 * is seen up to 0.5 Hz only. Cost: samples × frequencies in the band.
 */
export function swingOf(powerW: Float64Array, intervalS: number, { fromHz, untilHz } = CRITICAL_BAND as Band): Swing {
  const n = powerW.length;
  const mean = powerW.reduce((sum, w) => sum + w, 0) / n;
  const squares = powerW.reduce((sum, w) => sum + (w - mean) * (w - mean), 0);
  const first = Math.max(1, Math.ceil(fromHz * n * intervalS - 1e-9));
  const last = Math.min(Math.floor(n / 2), Math.floor(untilHz * n * intervalS + 1e-9));
  let band = 0;
  for (let k = first; k <= last; k++) band += (2 * k === n ? 1 : 2) * energyAt(powerW, mean, k);
  const rmsW = Math.sqrt(squares / n);
  return { rmsW, bandRmsW: Math.sqrt(band) / n, bandShare: squares === 0 ? 0 : band / n / squares };
}

interface Band {
  readonly fromHz: number;
  readonly untilHz: number;
}

/** |X_k|², by turning a unit vector along: one cosine and one sine for the whole sum. */
function energyAt(powerW: Float64Array, mean: number, k: number): number {
  const angle = (2 * Math.PI * k) / powerW.length;
  const [turnC, turnS] = [cos(angle), cos(Math.PI / 2 - angle)];
  let [c, s, re, im] = [1, 0, 0, 0];
  for (const w of powerW) {
    re += (w - mean) * c;
    im -= (w - mean) * s;
    [c, s] = [c * turnC - s * turnS, s * turnC + c * turnS];
  }
  return re * re + im * im;
}

/**
 * What is left of a swing when a store answers it in full, but late: |1 − e^(−2πi·f·d)| = 2 sin(π·f·d). Above 1 the answer does harm:
 * from a sixth of 1/delay on. A loop at 1 s leaves 62 % of a swing at 0.1 Hz and should keep off those above 0.167 Hz; the rest of the
 * band is for what acts where the swing is, within milliseconds: storage in the rack's power shelves, and the GPU's own smoothing.
 */
export function residualShare(hz: number, delayS: number): number {
  return 2 * Math.abs(cos(Math.PI / 2 - Math.PI * hz * delayS));
}

/** Swings faster than this are not to be answered with this delay, Hz. */
export function reachHz(delayS: number): number {
  return 1 / (6 * delayS);
}
