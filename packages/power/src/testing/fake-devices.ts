import type { CapWrite, LeaseReport } from "../loop/ports.ts";

/** A device as the loop's contract has it: takes newer writes only, ends leases by itself, falls back. Limits stand in for caps. */
export class FakeDevice {
  readonly fallbackW: number;
  #order = 0;
  #limitW = 0;
  #endMs = -Infinity;

  constructor(fallbackW: number) {
    this.fallbackW = fallbackW;
  }

  take({ order, gpuCapW, validForMs }: Pick<CapWrite, "order" | "gpuCapW" | "validForMs">, nowMs: number): void {
    if (order <= this.#order) return;
    this.#order = order;
    this.#limitW = gpuCapW;
    this.#endMs = nowMs + validForMs;
  }

  inForceW(nowMs: number): number {
    return nowMs < this.#endMs ? this.#limitW : this.fallbackW;
  }

  report(nowMs: number): Pick<LeaseReport, "order" | "gpuCapW" | "clockLimit" | "remainingMs"> {
    return { order: this.#order, gpuCapW: this.#limitW, clockLimit: 1, remainingMs: Math.max(0, this.#endMs - nowMs) };
  }
}
