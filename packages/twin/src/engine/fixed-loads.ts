import type { Site } from "@pulmu/site";
import { createLinks, draw, shareOverLiving, type Links } from "./links.ts";

/** Steady loads that are not racks: network and storage, lights and offices. */
export class FixedLoads {
  /** Drawn in the last pass, W. */
  itW = 0;
  facilityW = 0;
  readonly #links: Links;
  readonly #powerW: Float64Array;
  readonly #isIt: Uint8Array;

  constructor({ fixedLoads }: Site) {
    this.#links = createLinks(fixedLoads.map(({ parents }) => parents));
    this.#powerW = Float64Array.from(fixedLoads, ({ powerW }) => powerW);
    this.#isIt = Uint8Array.from(fixedLoads, ({ it }) => (it ? 1 : 0));
  }

  reconnect(energised: Uint8Array): void {
    shareOverLiving(this.#links, energised);
  }

  drawPower(outputW: Float64Array): void {
    this.itW = 0;
    this.facilityW = 0;
    for (let i = 0; i < this.#powerW.length; i++) {
      if (this.#links.powered[i] === 0) continue;
      draw(this.#links, i, this.#powerW[i], outputW);
      if (this.#isIt[i] === 1) this.itW += this.#powerW[i];
      else this.facilityW += this.#powerW[i];
    }
  }
}
