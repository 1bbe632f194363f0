import type { Accelerator, Precision } from "@pulmu/catalog";
import type { Spread } from "./coefficients.ts";
import fits from "./fits/power.json" with { type: "json" };
import type { StepTimes } from "./timing.ts";
import type { ModelShape } from "./shape.ts";
import type { Work } from "./work.ts";

/**
 * Power of a GPU serving a language model, as shares of its TDP. Fitted to measured means by `fit/power.ts`, kept with their residuals
 * in `fits/power.json`.
 */
export interface PowerFit {
  /** Clocks up, waiting: for the host, for a slower peer. */
  readonly wait: number;
  /** On top, while kernels compute or stream; while they are being launched; while a collective runs. */
  readonly busy: number;
  readonly launch: number;
  readonly link: number;
  /** On top, at the dense peak of the arithmetic's format, and at full HBM bandwidth for weights and for the cache. */
  readonly flops: number;
  readonly weights: number;
  readonly cache: number;
  /** Highest mean a GPU holds under its limit. */
  readonly limit: number;
}

interface FittedPower {
  readonly chip: string;
  readonly runs: number;
  readonly fit: PowerFit;
}

const FITS = fits.chips as readonly FittedPower[];

/** Errors on models that neither time nor power was fitted to, each left out in turn. */
export const UNSEEN_MODEL_POWER_ERRORS = fits.leaveOneModelOut as { readonly powerW: Spread; readonly joulesPerToken: Spread };

/** The chip's own fit, or the one of the newest measured chip: shares of TDP carry over. */
export function powerFit(chip: Pick<Accelerator, "id">): PowerFit {
  const found = FITS.find((entry) => entry.chip === chip.id || (fits.alike as Record<string, string>)[chip.id] === entry.chip);
  return (found ?? FITS[FITS.length - 1]).fit;
}

/** Mean power of one GPU over a step, W. Allocation-free. */
export type PowerMeter = (work: Work, times: StepTimes, stepS: number, clock: number) => number;

/**
 * Energy of a step over its time: waiting power all along, an amount for each second of each kind of activity, for each FLOP and each
 * byte. What switches with the SM clock scales as clock^exponent over the same time; an operation's energy as clock^(exponent − 1).
 */
export function powerMeter(chip: Accelerator, fit: PowerFit, shape: ModelShape): PowerMeter {
  const arithmetic: Precision = chip.flopsPerS[shape.arithmetic] === undefined ? "bf16" : shape.arithmetic;
  const perFlop = fit.flops / (chip.flopsPerS[arithmetic] ?? 1);
  const perAttentionFlop = fit.flops / (chip.flopsPerS.bf16 ?? 1);
  const perWeightByte = fit.weights / chip.hbmBytesPerS;
  const perCacheByte = fit.cache / chip.hbmBytesPerS;
  const idle = chip.idleW / chip.tdpW;
  const wait = Math.max(idle, fit.wait);
  // An exponent of 2 stands for the catalogue's 1.9 ± 0.1, which saves the hot path a power function.
  return (work, times, stepS, clock) => {
    const switching = clock * clock;
    const busyS = times.denseS + times.expertS * work.expertBalance + times.attentionS;
    const energy =
      (idle + (wait - idle) * switching) * stepS +
      (fit.busy * busyS + fit.launch * times.launchS + fit.link * times.linkS) * switching +
      (perFlop * (work.denseFlops + work.expertFlops * work.expertBalance) + perAttentionFlop * work.attentionFlops) * clock +
      perWeightByte * (work.denseBytes + work.expertBytes * work.expertBalance) +
      perCacheByte * work.kvBytes;
    return Math.min(energy / stepS, fit.limit) * chip.tdpW;
  };
}
