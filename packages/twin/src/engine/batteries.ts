import type { Site } from "@pulmu/site";
import { createLinks, draw, shareOverLiving, type Links } from "./links.ts";

/** Against a load target the battery aims this share of it, so that a swing does not cross it. */
const TARGET_MARGIN = 0.99;
/** Without a power to hold it rests at this share of its store, ready to give or to take. */
const REST_FILL = 0.5;
/** It goes back there at this share of its power at most: nobody waits for it. A choice. */
const REST_POWER = 0.25;

/**
 * Battery energy storage at the power nodes. Left alone it holds the site at or below a power: it discharges what is above,
 * and recharges from what is below. While a load target is in force it gives and takes nothing; without a power to hold, it takes back
 * what it gave afterwards, within the contract. Told a power from outside, it follows that instead, as far as its store goes.
 */
export class Batteries {
  /** Power at the terminal this second, W: positive charges, negative discharges. */
  readonly powerW: Float64Array;
  readonly storedJ: Float64Array;
  readonly #links: Links;
  readonly #maxW: Float64Array;
  readonly #sizeJ: Float64Array;
  /** Loss of one way: the square root of the round trip. */
  readonly #oneWay: Float64Array;
  readonly #toldW: Float64Array;
  readonly #holdW: number;
  readonly #contractW: number;

  constructor(site: Site, holdW: number) {
    const { bess } = site;
    this.#links = createLinks(bess.map(({ parents }) => parents));
    this.powerW = new Float64Array(bess.length);
    this.#maxW = Float64Array.from(bess, ({ powerW }) => powerW);
    this.#sizeJ = Float64Array.from(bess, ({ energyJ }) => energyJ);
    this.storedJ = this.#sizeJ.map((sizeJ) => sizeJ * REST_FILL);
    this.#oneWay = Float64Array.from(bess, ({ roundTripEfficiency }) => Math.sqrt(roundTripEfficiency));
    this.#toldW = new Float64Array(bess.length).fill(NaN);
    this.#holdW = holdW;
    this.#contractW = site.phase.envelopeW;
  }

  /** NaN hands it back to holding. */
  setPower(bess: number, powerW: number): void {
    this.#toldW[bess] = powerW;
  }

  reconnect(energised: Uint8Array): void {
    shareOverLiving(this.#links, energised);
  }

  /** Chooses this second's powers from what the site would draw if they stayed as they are, and moves the store. Returns the sum, W. */
  step(siteW: number, limitW: number): number {
    const targeted = !Number.isNaN(limitW);
    const rests = !targeted && this.#holdW === Infinity;
    const holdW = targeted ? Math.min(this.#holdW, limitW * TARGET_MARGIN) : rests ? this.#contractW * TARGET_MARGIN : this.#holdW;
    let without = siteW;
    for (let i = 0; i < this.powerW.length; i++) without -= this.powerW[i];
    let roomW = holdW - without; // > 0: may charge, < 0: should discharge
    if (targeted) roomW = Math.min(0, roomW);
    if (rests) roomW = Math.max(0, roomW);
    let totalW = 0;
    for (let i = 0; i < this.powerW.length; i++) {
      const told = this.#toldW[i];
      const wantedW = rests ? Math.min(roomW, this.#restW(i)) : roomW;
      let powerW = Math.max(-this.#maxW[i], Math.min(this.#maxW[i], Number.isNaN(told) ? wantedW : told));
      if (this.#links.powered[i] === 0) powerW = 0;
      const eta = this.#oneWay[i];
      if (powerW > 0) powerW = Math.min(powerW, (this.#sizeJ[i] - this.storedJ[i]) / eta);
      else powerW = Math.max(powerW, -this.storedJ[i] * eta);
      this.storedJ[i] += powerW > 0 ? powerW * eta : powerW / eta;
      this.powerW[i] = powerW;
      roomW -= powerW;
      totalW += powerW;
    }
    return totalW;
  }

  /** What brings it back to where it rests, W. */
  #restW(i: number): number {
    const missingJ = Math.max(0, this.#sizeJ[i] * REST_FILL - this.storedJ[i]);
    return Math.min(this.#maxW[i] * REST_POWER, missingJ / this.#oneWay[i]);
  }

  drawPower(outputW: Float64Array): void {
    for (let i = 0; i < this.powerW.length; i++) draw(this.#links, i, this.powerW[i], outputW);
  }

  totalStoredJ(): number {
    let sum = 0;
    for (let i = 0; i < this.storedJ.length; i++) sum += this.storedJ[i];
    return sum;
  }
}
