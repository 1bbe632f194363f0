/**
 * From a load target on the bus to the last cap that it asks for, by the wall's clock: signed by the grid, through a broker, judged,
 * allocated, written to every device. Where a ramp was agreed, caps follow that instead; here it leaves no time to wait for.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BusClient, FlexEndpoint, FlexGate, FlexSender, newSigningJwk, readSigningKey, startBroker, Trust } from "@pulmu/exchange";
import { FlexAgent, flexOptions, PowerLoop, prepareSteering, rackLimitW, RAMP_RATES, TargetBook, type CapWrite } from "@pulmu/power";
import type { Simulation } from "@pulmu/twin";
import { random } from "@pulmu/units";
import { TwinDevices, twinMeters, twinMs, twinWorks } from "../../apps/pulmu/src/steer/twin-plant.ts";

const EVENTS = 100;
/** Between two events, with the target before lifted, s. */
const BETWEEN_S = 60;
const [GRID, AGENT] = ["//grid/v1/isv/bench", "//grid/v1/dsx-flex-agent/pulmu"];

export interface TargetTimes {
  /** Of each event, from before the target is signed until its last cap has gone out, ms, in rising order. */
  readonly ms: readonly number[];
  /** Caps of an event, the mean. */
  readonly writes: number;
  /** Events whose caps, added up, came down further in the next second by more than a thousandth. */
  readonly late: number;
}

export async function targetToCaps(simulation: Simulation): Promise<TargetTimes> {
  const factory = new HurriedFactory(simulation);
  const broker = await startBroker({ port: 0 });
  const folder = await mkdtemp(join(tmpdir(), "pulmu-bench-"));
  const [gridBus, agentBus] = await Promise.all(
    ["grid", "agent"].map((clientId) => BusClient.connect({ address: broker.address, clientId })),
  );
  try {
    const keys = await Promise.all(["grid", "agent"].map(async (kid) => readSigningKey(await newSigningJwk(kid))));
    const trusted = [GRID, AGENT].map((source, i) => ({ source, jwks: join(folder, `${i}.json`) }));
    await Promise.all(keys.map(({ publicJwk }, i) => writeFile(trusted[i].jwks, JSON.stringify({ keys: [publicJwk] }))));
    const grid = new FlexSender(gridBus, { identifier: "bench", key: keys[0] });
    const sender = new FlexSender(agentBus, { identifier: "pulmu", key: keys[1] });
    const gate = new FlexGate({ trust: new Trust(trusted) });
    const endpoint = new FlexEndpoint(agentBus, { gate, sender, decider: factory, plantMs: () => simulation.atMs });
    await endpoint.start();
    const times = await measure(factory, grid);
    endpoint.close();
    return times;
  } finally {
    await Promise.all([gridBus, agentBus].map((bus) => bus.close()));
    await broker.close();
    await rm(folder, { recursive: true });
  }
}

async function measure(factory: HurriedFactory, grid: FlexSender): Promise<TargetTimes> {
  const dice = random(1, "how low a target is");
  const ms: number[] = [];
  let writes = 0;
  let late = 0;
  for (let event = 0; event < EVENTS; event++) {
    for (let s = 0; s < BETWEEN_S; s++) factory.second();
    const target = { interval: {}, load_constraint: { value: 22 + 6 * dice.next(), unit: "megawatt" as const } };
    const startMs = performance.now();
    const written = factory.nextTarget();
    await grid.send("grid.loadtarget.set.v1", { targets: [target] }, { correlationid: grid.newId() });
    const caps = await written;
    ms.push(performance.now() - startMs);
    writes += caps.length;
    const capsW = factory.capsW;
    factory.second();
    if (factory.capsW < capsW * 0.999) late++;
    const lifted = factory.nextTarget();
    await grid.send("grid.loadtarget.set.v1", { targets: [{ interval: {}, load_constraint: null }] });
    await lifted;
  }
  return { ms: ms.toSorted((a, b) => a - b), writes: writes / EVENTS, late };
}

/** A plant under steering that writes caps when a target comes. */
class HurriedFactory {
  readonly #simulation: Simulation;
  readonly #devices: TwinDevices;
  readonly #loop: PowerLoop;
  readonly #agent: FlexAgent;
  readonly #meters;
  readonly #works;
  #written: ((caps: readonly CapWrite[]) => void) | undefined;

  constructor(simulation: Simulation) {
    const setup = prepareSteering(simulation.site, "value", { ...RAMP_RATES, downS: 0 });
    const book = new TargetBook();
    this.#simulation = simulation;
    this.#devices = new TwinDevices(simulation);
    this.#devices.commission(setup.fallbackCapW);
    this.#loop = new PowerLoop(setup, book, 1, twinMs(simulation));
    this.#meters = twinMeters(simulation);
    this.#works = twinWorks(simulation);
    const options = flexOptions({ state: () => this.#loop.flow(), newId: () => crypto.randomUUID(), shedHints: () => [] });
    this.#agent = new FlexAgent(simulation.site, book, (tag) => setup.boundsOf(tag), options);
  }

  /** What racks could draw under the caps in force, W. */
  get capsW(): number {
    return this.#simulation.site.racks.reduce((sum, { type }, r) => sum + rackLimitW(type, this.#devices.inForceCapW(r)), 0);
  }

  second(): void {
    this.#simulation.step();
    const { writes, asks } = this.#loop.step({ ...this.#now(), reports: this.#devices.reports(), works: this.#works.works() });
    this.#devices.send(writes);
    this.#devices.ask(asks);
  }

  /** Resolves with the caps of the next target that is taken, when they have gone out. */
  nextTarget(): Promise<readonly CapWrite[]> {
    return new Promise((resolve) => (this.#written = resolve));
  }

  take(...[data, correlationId, nowMs]: Parameters<FlexAgent["take"]>): void {
    this.#agent.take(data, correlationId, nowMs);
    const writes = this.#loop.hurry(this.#now());
    this.#devices.send(writes);
    this.#written?.(writes);
  }

  step(nowMs: number): ReturnType<FlexAgent["step"]> {
    return this.#agent.step(nowMs);
  }

  #now() {
    return { nowMs: twinMs(this.#simulation), wallMs: this.#simulation.atMs, meters: this.#meters.read() };
  }
}
