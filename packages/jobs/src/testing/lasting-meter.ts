import type { EnergyMeter, MeterCount } from "../run/metering.ts";

/** A meter with a register of its own, which outlives whoever reads it. */
export class LastingMeter implements EnergyMeter {
  readonly id = "pdu-7";
  readonly #itMilliJ: () => number;

  constructor(itMilliJ: () => number) {
    this.#itMilliJ = itMilliJ;
  }

  read(): MeterCount {
    const itMilliJ = this.#itMilliJ();
    return { itMilliJ, facilityMilliJ: itMilliJ * 2, coolingMilliJ: itMilliJ, lossMilliJ: 0, carbonMilliG: 0 };
  }
}
