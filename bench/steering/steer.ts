import { PowerLoop, prepareSteering, TargetBook, type Setup, type StepOutput, type Work } from "@pulmu/power";
import type { Simulation } from "@pulmu/twin";
import { needyWorks, type Promised } from "../../apps/pulmu/src/steer/needs.ts";
import { TwinDevices, twinMeters, twinMs } from "../../apps/pulmu/src/steer/twin-plant.ts";

export type { Promised };

/** A plant of the twin under steering, as `pulmu up` has it, on wires that lose nothing. */
export class Steering {
  readonly setup: Setup;
  readonly targets = new TargetBook();
  readonly loop: PowerLoop;
  readonly #simulation: Simulation;
  readonly #devices: TwinDevices;
  readonly #meters: ReturnType<typeof twinMeters>;
  readonly #works: () => readonly Work[];

  /** @param promiseOf by id of a service; undefined = it promised nothing */
  constructor(simulation: Simulation, promiseOf: (service: string) => Promised | undefined) {
    this.#simulation = simulation;
    this.setup = prepareSteering(simulation.site);
    this.#devices = new TwinDevices(simulation);
    this.#devices.commission(this.setup.fallbackCapW);
    this.#meters = twinMeters(simulation);
    this.loop = new PowerLoop(this.setup, this.targets, 1, twinMs(simulation));
    this.#works = needyWorks(simulation, this.setup, (rack) => this.loop.limitW(rack), promiseOf);
  }

  /** Call after every second of the plant. */
  step(): StepOutput {
    const step = this.loop.step({
      nowMs: twinMs(this.#simulation),
      wallMs: this.#simulation.atMs,
      meters: this.#meters.read(),
      reports: this.#devices.reports(),
      works: this.#works(),
    });
    this.#devices.send(step.writes);
    this.#devices.ask(step.asks);
    return step;
  }
}
