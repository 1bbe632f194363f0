import type { CoolingPlant } from "./cooling-plant.ts";
import type { RackState } from "./rack-state.ts";

/** What the racks' own instruments show. Worked out when somebody looks, not every second. */
export class RackMeters {
  readonly #powerW: Float64Array;
  readonly #shownW: Float64Array;
  readonly #inletC: Float64Array;
  /** Racks whose power sensor is stuck, and the reading it shows. */
  readonly #stuck = new Map<number, number>();

  constructor(powerW: Float64Array) {
    this.#powerW = powerW;
    this.#shownW = new Float64Array(powerW.length);
    this.#inletC = new Float64Array(powerW.length);
  }

  setStuck(rack: number, stuck: boolean): void {
    if (stuck) this.#stuck.set(rack, this.readingsW[rack]);
    else this.#stuck.delete(rack);
  }

  get readingsW(): Float64Array {
    if (this.#stuck.size === 0) return this.#powerW;
    this.#shownW.set(this.#powerW);
    for (const [rack, readingW] of this.#stuck) this.#shownW[rack] = readingW;
    return this.#shownW;
  }

  /** Liquid supply of liquid-cooled racks, hall air of the others, °C. */
  inletC({ cdu, typeOf, types }: RackState, { supplyC, airC, loopOfCdu }: CoolingPlant): Float64Array {
    for (let r = 0; r < cdu.length; r++) {
      this.#inletC[r] = types.liquidShare[typeOf[r]] > 0 ? supplyC[cdu[r]] : airC[loopOfCdu[cdu[r]]];
    }
    return this.#inletC;
  }
}
