import type { StackFit } from "../src/steptime/index.ts";
import { fitCoefficients, type Prior } from "./least-squares.ts";

/** Where each coefficient starts and how far it may go; what the chip's data sheet nearly fixes may go less far. */
export const PRIORS: Readonly<Record<string, Prior>> = {
  denseBandwidth: { start: 0.85, spread: 0.14 },
  "expertBandwidth.bf16": { start: 0.65, spread: 0.6 },
  "expertBandwidth.fp8": { start: 0.65, spread: 0.6 },
  "expertBandwidth.fp4": { start: 0.65, spread: 0.6 },
  kvBandwidth: { start: 0.65, spread: 0.5 },
  "gemm.bf16": { start: 0.65, spread: 0.3 },
  "gemm.fp8": { start: 0.5, spread: 0.4 },
  "gemm.fp4": { start: 0.4, spread: 0.5 },
  "expertGemm.bf16": { start: 0.35, spread: 0.6 },
  "expertGemm.fp8": { start: 0.2, spread: 0.6 },
  "expertGemm.fp4": { start: 0.2, spread: 0.6 },
  attention: { start: 0.4, spread: 0.6 },
  link: { start: 0.5, spread: 0.8 },
  collectiveS: { start: 8e-6, spread: 1 },
  layerS: { start: 25e-6, spread: 1 },
  expertLayerS: { start: 35e-6, spread: 1 },
  quantiseS: { start: 15e-6, spread: 1 },
  evenness: { start: 1.5, spread: 0.8 },
  stepS: { start: 0.7e-3, spread: 1.4 },
  sequenceS: { start: 15e-6, spread: 1.6 },
  requestS: { start: 0.03, spread: 1.6 },
  holdTokens: { start: 1, spread: 1.6 },
  queueing: { start: 1, spread: 0.6 },
};
export const NAMES = Object.keys(PRIORS);
/** Coefficients that are shares of a peak. */
const SHARES = /Bandwidth|emm\.|attention|link/;

/** A stack from the list of its coefficients in the order of `NAMES`. */
export function stackOf(x: readonly number[]): StackFit {
  // A share of a peak ends at 1: what a run shows beyond is something else than that peak.
  const flat = new Map(NAMES.map((name, i) => [name, SHARES.test(name) ? Math.min(1, x[i]) : x[i]]));
  const by = (name: string) => ({ bf16: flat.get(`${name}.bf16`), fp8: flat.get(`${name}.fp8`), fp4: flat.get(`${name}.fp4`) });
  const plain = NAMES.filter((name) => !name.includes(".")).map((name) => [name, flat.get(name)]);
  return { ...Object.fromEntries(plain), expertBandwidth: by("expertBandwidth"), gemm: by("gemm"), expertGemm: by("expertGemm") };
}

/** Coefficients as they are kept: four digits are more than their error. */
export const rounded = (x: readonly number[]): number[] => x.map((value) => Number(value.toPrecision(4)));

/** A stack's coefficients in the order of `NAMES`. */
export function valuesOf(stack: StackFit): number[] {
  return NAMES.map((name) => {
    const [field, format] = name.split(".");
    const value = stack[field as keyof StackFit];
    return typeof value === "number" ? value : value[format as "bf16" | "fp8" | "fp4"];
  });
}

/** What a run tells the fit: the logarithm of predicted over measured, once or twice, for a set of coefficients. */
export interface Observation {
  readonly model: string;
  readonly forFitting: boolean;
  tpot(fit: StackFit): number;
  ttft?(fit: StackFit): number;
}

/** Coefficients, in the order of `NAMES`, that describe these runs best. */
export function fitStack(runs: readonly Observation[], priors: readonly Prior[]): number[] {
  const times = runs.filter((run) => run.ttft !== undefined);
  return fitCoefficients(priors, runs.length + times.length, (x, out) => {
    const fit = stackOf(x);
    runs.forEach((run, i) => (out[i] = run.tpot(fit)));
    times.forEach((run, i) => (out[runs.length + i] = run.ttft?.(fit) ?? 0));
  });
}
