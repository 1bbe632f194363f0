import type { Accelerator, Precision } from "@pulmu/catalog";
import type { StackFit } from "./coefficients.ts";
import { expertTensor, type Parallelism } from "./parallelism.ts";
import type { ModelShape } from "./shape.ts";
import type { Work } from "./work.ts";

/** Parts of one step's time on the GPU, s. They follow each other; their sum is the GPU's time. */
export interface StepTimes {
  denseS: number;
  expertS: number;
  attentionS: number;
  linkS: number;
  launchS: number;
}

export const noTimes = (): StepTimes => ({ denseS: 0, expertS: 0, attentionS: 0, linkS: 0, launchS: 0 });

/** Fills `times`, so that a hot loop allocates nothing. */
export type StepTimer = (times: StepTimes, work: Work, clock: number) => void;

/** Time of a kernel that computes and streams at once: between max(a, b), a perfect roofline, and a + b, no overlap at all. */
function overlap(a: number, b: number): number {
  return Math.sqrt(a * a + b * b);
}

/**
 * Start-up time of a collective among `gpus`. A ring grows linearly, a tree with the logarithm, a switch that reduces in the network not
 * at all; measured ones lie between: the square root, exact for two.
 */
function startS(fit: StackFit, gpus: number): number {
  return gpus > 1 ? fit.collectiveS * Math.sqrt(gpus / 2) : 0;
}

/**
 * Turns work into time. Clock ratio c: arithmetic slows by 1/c; memory traffic and launches only below the knee of the chip's decode
 * curve, by knee/c; links not at all.
 */
export function stepTimer(chip: Accelerator, fit: StackFit, shape: ModelShape, p: Parallelism): StepTimer {
  // A chip without arithmetic in a format unpacks the weights and computes in BF16.
  const arithmetic: Precision = chip.flopsPerS[shape.arithmetic] === undefined ? "bf16" : shape.arithmetic;
  const peak = chip.flopsPerS[arithmetic] ?? 0;
  const denseFlopS = 1 / (peak * fit.gemm[arithmetic]);
  const expertFlopS = 1 / (peak * fit.expertGemm[arithmetic]);
  const attentionFlopS = 1 / ((chip.flopsPerS.bf16 ?? peak) * fit.attention);
  const denseByteS = 1 / (chip.hbmBytesPerS * fit.denseBandwidth);
  const expertByteS = 1 / (chip.hbmBytesPerS * fit.expertBandwidth[shape.weights]);
  const kvByteS = 1 / (chip.hbmBytesPerS * fit.kvBandwidth);
  const linkByteS = 1 / (chip.scaleUpBytesPerS * fit.link);

  const layers = shape.layers / p.pipeline;
  // Two all-reduces in a layer (after attention, after the feed-forward part); with data-parallel attention, dispatch and combine instead.
  const exchanges = shape.experts > 0 && p.data > 1;
  const reduceStartS = startS(fit, p.tensor);
  const exchangeStartS = exchanges ? startS(fit, Math.max(p.expert, expertTensor(p))) : 0;
  const collectivesS = 2 * layers * (reduceStartS + exchangeStartS);
  // A ring all-reduce moves 2·(n − 1)/n of the payload over each GPU's link.
  const reduceFactor = (2 * (p.tensor - 1)) / p.tensor;
  const launchS = layers * (fit.layerS + (shape.experts > 0 ? fit.expertLayerS : 0) + (arithmetic === "bf16" ? 0 : fit.quantiseS));
  const knee = chip.curves.decode.kneeClock;

  return (times, work, clock) => {
    const slowCompute = 1 / clock;
    const slowMemory = clock < knee ? knee / clock : 1;
    times.denseS = overlap(work.denseFlops * denseFlopS * slowCompute, work.denseBytes * denseByteS * slowMemory);
    times.expertS = overlap(work.expertFlops * expertFlopS * slowCompute, work.expertBytes * expertByteS * slowMemory);
    times.attentionS = work.attentionFlops * attentionFlopS * slowCompute + work.kvBytes * kvByteS * slowMemory;
    times.linkS = collectivesS + (work.reduceBytes * reduceFactor + work.exchangeBytes) * linkByteS;
    times.launchS = launchS * slowMemory;
  };
}
