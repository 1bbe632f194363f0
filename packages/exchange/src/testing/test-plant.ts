import type { Site } from "@pulmu/site";
import type { PlantReadings } from "../roles/plant.ts";

/** A plant whose instruments tests set by hand: every rack draws 100 kW to begin with, and what is above carries the sum. */
export class TestPlant implements PlantReadings {
  atMs: number;
  readonly nodePowerW: Float64Array;
  readonly bessPowerW: Float64Array;
  readonly nodeLoad: Float64Array;
  readonly rackReadingW: Float64Array;
  readonly rackInletC: Float64Array;
  readonly values = new Map<string, number>();
  readonly #site: Site;

  constructor(site: Site, atMs: number) {
    this.#site = site;
    this.atMs = atMs;
    this.bessPowerW = new Float64Array(site.bess.length);
    this.nodePowerW = new Float64Array(site.nodes.length);
    this.nodeLoad = new Float64Array(site.nodes.length);
    this.rackReadingW = new Float64Array(site.racks.length).fill(100e3);
    this.rackInletC = new Float64Array(site.racks.length).fill(30);
    this.addUp();
  }

  /** Carries what racks and fixed loads draw up to the feeds, without losses. */
  addUp(): void {
    const { nodes, racks, fixedLoads } = this.#site;
    this.nodePowerW.fill(0);
    const draw = (parents: readonly number[], powerW: number) => {
      for (const parent of parents) this.nodePowerW[parent] += powerW / parents.length;
    };
    racks.forEach(({ parents }, r) => draw(parents, this.rackReadingW[r]));
    for (const { parents, powerW } of fixedLoads) draw(parents, powerW);
    for (let n = nodes.length - 1; n >= 0; n--) {
      this.nodeLoad[n] = this.nodePowerW[n] / nodes[n].ratingW;
      draw(nodes[n].parents, this.nodePowerW[n]);
    }
  }

  series(name: string): number {
    return this.values.get(name) ?? NaN;
  }
}
