import type { EnergyMeter, GpuEnergy, MeterCount } from "@pulmu/jobs";
import { SERIES, type Simulation } from "@pulmu/twin";

/** What the racks of an engine had of a second, W: at their own meters, and of what is not metered rack by rack their share. */
export interface EnginePart {
  readonly siteW: number;
  readonly itW: number;
  readonly gpuW: number;
  readonly coolingW: number;
  readonly lossW: number;
  readonly carbonG: number;
}

const NOTHING: EnginePart = { siteW: 0, itW: 0, gpuW: 0, coolingW: 0, lossW: 0, carbonG: 0 };
const J_PER_KWH = 3.6e6;

/**
 * The meters of the racks whose work an engine hands out, as one register: of the site's meter it is the part that the engine's jobs and
 * their idle GPUs are billed from; the rest is the factory's own. GPUs tell how much of it is whose.
 */
export class EngineRackMeter implements EnergyMeter {
  readonly id: string;
  readonly #plant: Simulation;
  readonly #racks: readonly number[];
  /** A rack that says nothing draws what it drew before; one that has not spoken yet, what is provisioned for it. */
  readonly #readingW: Float64Array;
  readonly #byJob = new Map<string, number>();
  #counts = false;
  #gpuJ = 0;
  #siteJ = 0;
  #itJ = 0;
  #coolingJ = 0;
  #lossJ = 0;
  #carbonG = 0;

  /** @param plant whose work and GPUs it is. @param id of this run: its counters begin with it */
  constructor(plant: Simulation, id: string) {
    const { engineRacks, racks } = plant.site;
    this.id = id;
    this.#plant = plant;
    this.#racks = engineRacks.map(({ rack }) => rack);
    this.#readingW = Float64Array.from(this.#racks, (rack) => racks[rack].provisionedW);
  }

  /** From now on somebody bills from it. */
  start(): void {
    this.#counts = true;
  }

  /** From now on nobody does: it stands still, and all is the factory's own. */
  stop(): void {
    this.#counts = false;
  }

  /** Counts one second. @param row the site's meters, without gaps. @param rackReadingW the racks'; NaN where one says nothing */
  second(row: Float64Array, rackReadingW: ArrayLike<number>): EnginePart {
    let metersW = 0;
    for (const [i, rack] of this.#racks.entries()) {
      if (!Number.isNaN(rackReadingW[rack])) this.#readingW[i] = rackReadingW[rack];
      metersW += this.#readingW[i];
    }
    if (!this.#counts) return NOTHING;
    const itW = Math.min(metersW, row[SERIES.itPowerW]); // never more than all racks together
    const share = row[SERIES.itPowerW] > 0 ? itW / row[SERIES.itPowerW] : 0;
    const siteW = row[SERIES.sitePowerW] * share;
    const part = {
      siteW,
      itW,
      gpuW: this.#plant.engineGpuPowerW,
      coolingW: row[SERIES.coolingPowerW] * share,
      lossW: row[SERIES.lossPowerW] * share,
      carbonG: (siteW / J_PER_KWH) * row[SERIES.carbonGPerKWh],
    };
    this.#gpuJ += part.gpuW;
    this.#siteJ += siteW;
    this.#itJ += itW;
    this.#coolingJ += part.coolingW;
    this.#lossJ += part.lossW;
    this.#carbonG += part.carbonG;
    for (const { id, pieces, gpuPowerW } of this.#plant.placements())
      if (pieces.some(({ rack }) => this.#racks.includes(rack))) this.#byJob.set(id, (this.#byJob.get(id) ?? 0) + gpuPowerW);
    return part;
  }

  read(): MeterCount {
    const milli = (value: number) => Math.round(value * 1_000);
    return {
      itMilliJ: milli(this.#itJ),
      facilityMilliJ: milli(this.#siteJ),
      coolingMilliJ: milli(this.#coolingJ),
      lossMilliJ: milli(this.#lossJ),
      carbonMilliG: milli(this.#carbonG),
    };
  }

  gpuEnergy(): GpuEnergy {
    return { all: this.#gpuJ, byJob: new Map(this.#byJob) };
  }

  forget(jobId: string): void {
    this.#byJob.delete(jobId);
  }
}
