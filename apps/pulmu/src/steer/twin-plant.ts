import type { Actuators, CapWrite, LeaseReport, MeterSnapshot, Meters, Work, WorkSource } from "@pulmu/power";
import type { Simulation } from "@pulmu/twin";

/** What the twin's clock is to steering: the plant's own seconds, which do not jump. */
export function twinMs({ atS }: Simulation): number {
  return atS * 1000;
}

/** The racks' BMCs of a twin: each keeps the newest lease it was given, lets it end by itself, and falls back. */
export class TwinDevices implements Actuators {
  readonly #simulation: Simulation;
  readonly #fallbackCapW: Float64Array;
  readonly #order: Float64Array;
  readonly #capW: Float64Array;
  readonly #clockLimit: Float64Array;
  readonly #endMs: Float64Array;
  #answers: LeaseReport[] = [];

  constructor(simulation: Simulation) {
    const racks = simulation.site.racks.length;
    this.#simulation = simulation;
    this.#fallbackCapW = new Float64Array(racks);
    this.#order = new Float64Array(racks);
    this.#capW = new Float64Array(racks);
    this.#clockLimit = new Float64Array(racks).fill(1);
    this.#endMs = new Float64Array(racks).fill(-Infinity);
  }

  commission(fallbackCapW: ArrayLike<number>): void {
    for (let rack = 0; rack < fallbackCapW.length; rack++) {
      this.#fallbackCapW[rack] = fallbackCapW[rack];
      this.#simulation.setFallback(rack, fallbackCapW[rack], 1);
    }
  }

  send(writes: readonly CapWrite[]): void {
    for (const write of writes) this.take(write);
  }

  /** A write arrives at its device. One that is not newer than what the device has is refused. */
  take({ rack, gpuCapW, clockLimit, validForMs, order }: CapWrite): void {
    if (order <= this.#order[rack]) return;
    const released = validForMs === 0;
    this.#order[rack] = order;
    this.#capW[rack] = gpuCapW;
    this.#clockLimit[rack] = clockLimit;
    this.#endMs[rack] = released ? -Infinity : twinMs(this.#simulation) + validForMs;
    this.#simulation.setCap({
      rack,
      gpuCapW: released ? this.#fallbackCapW[rack] : gpuCapW,
      clockLimit: released ? 1 : clockLimit,
      expiresAtS: released ? Infinity : this.#endMs[rack] / 1000,
    });
  }

  ask(racks: readonly number[]): void {
    const nowMs = twinMs(this.#simulation);
    for (const rack of racks) this.#answers.push(this.answer(rack, nowMs));
  }

  /** What a device says when it is asked now. */
  answer(rack: number, askedMs: number): LeaseReport {
    const nowMs = twinMs(this.#simulation);
    return {
      rack,
      order: this.#order[rack],
      gpuCapW: this.#capW[rack],
      clockLimit: this.#clockLimit[rack],
      remainingMs: Math.max(0, this.#endMs[rack] - nowMs),
      askedMs,
      receivedMs: nowMs,
    };
  }

  reports(): readonly LeaseReport[] {
    const answers = this.#answers;
    this.#answers = [];
    return answers;
  }

  /** The cap in force on a rack, W per GPU. */
  inForceCapW(rack: number): number {
    return twinMs(this.#simulation) < this.#endMs[rack] ? this.#capW[rack] : this.#fallbackCapW[rack];
  }
}

/** The twin's meters, read without a wire between. */
export function twinMeters(simulation: Simulation): Meters {
  const { site } = simulation;
  const rackGood = new Uint8Array(site.racks.length).fill(1);
  const nodeGood = new Uint8Array(site.nodes.length).fill(1);
  const rackSampleMs = new Float64Array(site.racks.length);
  const nodeSampleMs = new Float64Array(site.nodes.length);
  return {
    read(): MeterSnapshot {
      return {
        rackPowerW: simulation.rackReadingW,
        rackInletC: simulation.rackInletC,
        nodePowerW: simulation.nodePowerW,
        nodeRatingW: simulation.nodeRatingW,
        bessPowerW: simulation.bessPowerW,
        rackSampleMs: rackSampleMs.fill(simulation.atMs),
        rackGood,
        nodeSampleMs: nodeSampleMs.fill(simulation.atMs),
        nodeGood,
      };
    },
  };
}

/** Who works where, as the twin's scheduler knows. */
export function twinWorks(simulation: Simulation): WorkSource {
  const values = new Map(simulation.site.tenants.map(({ id, value }) => [id, value ?? 1]));
  return {
    works(): readonly Work[] {
      return simulation.placements().map(({ id, tenantId, serviceClass, gang, busy, pieces }) => {
        const all = Object.values(busy).reduce((sum, share) => sum + share, 0);
        const mix = Object.fromEntries(Object.entries(busy).map(([kind, share]) => [kind, all === 0 ? 0 : share / all]));
        return { id, serviceClass: serviceClass as Work["serviceClass"], value: values.get(tenantId) ?? 1, gang, mix, pieces };
      });
    },
  };
}
