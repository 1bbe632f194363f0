import type { EnergyMeter, MeterCount } from "./metering.ts";

/** Where no meter is read: what the nodes should have drawn, added up. It says of itself that it is a model. */
export class ModelledMeter implements EnergyMeter {
  readonly id: string;
  readonly #facilityPerIt: number;
  readonly #carbonGPerKWh: number;
  #itJ = 0;
  #lastMs = NaN;
  #powerW = 0;

  constructor({
    id,
    facilityPerIt,
    carbonGPerKWh,
  }: {
    readonly id: string;
    readonly facilityPerIt: number;
    readonly carbonGPerKWh: number;
  }) {
    // prettier-ignore
    this.id = id;
    this.#facilityPerIt = facilityPerIt;
    this.#carbonGPerKWh = carbonGPerKWh;
  }

  tick(powerW: number, nowMs: number): void {
    if (nowMs > this.#lastMs) this.#itJ += (this.#powerW * (nowMs - this.#lastMs)) / 1000;
    this.#lastMs = nowMs;
    this.#powerW = powerW;
  }

  read(): MeterCount {
    const facilityJ = this.#itJ * this.#facilityPerIt;
    const itMilliJ = Math.round(this.#itJ * 1000);
    const facilityMilliJ = Math.round(facilityJ * 1000);
    return {
      itMilliJ,
      facilityMilliJ,
      coolingMilliJ: facilityMilliJ - itMilliJ,
      lossMilliJ: 0,
      carbonMilliG: Math.round((facilityJ / 3.6e6) * this.#carbonGPerKWh * 1000),
    };
  }
}
