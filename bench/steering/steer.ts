import { PowerLoop, prepareSteering, ServiceNeeds, TargetBook, workSpeeds, type Setup, type StepOutput, type Work } from "@pulmu/power";
import type { Simulation } from "@pulmu/twin";
import { TwinDevices, twinMeters, twinMs, twinWorks } from "../../apps/pulmu/src/steer/twin-plant.ts";

/** What a service promises, 99th percentiles, s. */
export interface Promised {
  readonly ttftS: number;
  readonly itlS: number;
}

/** A plant of the twin under steering, as `pulmu up` has it, on wires that lose nothing. */
export class Steering {
  readonly setup: Setup;
  readonly targets = new TargetBook();
  readonly loop: PowerLoop;
  readonly #simulation: Simulation;
  readonly #devices: TwinDevices;
  readonly #meters: ReturnType<typeof twinMeters>;
  readonly #works: () => readonly Work[];

  /** @param promiseOf by id of a service; undefined = it needs all its speed */
  constructor(simulation: Simulation, promiseOf: (service: string) => Promised | undefined) {
    this.#simulation = simulation;
    this.setup = prepareSteering(simulation.site);
    this.#devices = new TwinDevices(simulation);
    this.#devices.commission(this.setup.fallbackCapW);
    this.#meters = twinMeters(simulation);
    this.loop = new PowerLoop(this.setup, this.targets, 1, twinMs(simulation));
    this.#works = needyWorks(simulation, this.setup, promiseOf, (rack) => this.loop.limitW(rack));
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

/** Who works where, and how much of its speed each service needs to keep its promise. */
function needyWorks(
  simulation: Simulation,
  { site, profiles }: Setup,
  promiseOf: (service: string) => Promised | undefined,
  limitW: (rack: number) => number,
): () => readonly Work[] {
  const source = twinWorks(simulation);
  const needs = new ServiceNeeds();
  return () => {
    const works = source.works() ?? [];
    const limits = Float64Array.from(site.racks, (_, r) => limitW(r));
    const services = simulation.services();
    const serving = works.filter(({ id }) => services.some((service) => service.id === id));
    const speeds = workSpeeds(site, serving, profiles.of(works), limits);
    const speedOf = new Map(serving.map(({ id }, i) => [id, speeds[i]]));
    const states = services.flatMap(({ id, ttftP99S, itlP99S }) => {
      const [speed, slo] = [speedOf.get(id), promiseOf(id)];
      return speed === undefined || slo === undefined ? [] : [{ id, ttftP99S, itlP99S, slo, speed }];
    });
    needs.step(states, 1);
    return works.map((work) => ({ ...work, need: needs.of(work.id) }));
  };
}
