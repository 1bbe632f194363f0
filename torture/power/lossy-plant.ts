import type { Actuators, CapWrite, LeaseReport, MeterSnapshot } from "@pulmu/power";
import type { Simulation } from "@pulmu/twin";
import { random } from "@pulmu/units";
import { twinMs, type TwinDevices } from "../../apps/pulmu/src/steer/twin-plant.ts";
import { Channel } from "./channel.ts";
import { CALM, type BrokenMeter, type FaultPlan, type Weather } from "./plan.ts";

/** The twin behind a bus that fails: commands, answers and readings go through bad weather, BMCs are dead, meters lie. */
export class LossyPlant {
  readonly #simulation: Simulation;
  readonly #devices: TwinDevices;
  readonly #plan: FaultPlan;
  readonly #commands: Channel;
  readonly #telemetry: Channel;
  readonly #frozenW = new Map<BrokenMeter, number>();
  readonly #snapshot;
  /** Who hears answers: a controller that died hears nothing. */
  #listener: { readonly answers: LeaseReport[] } = { answers: [] };

  constructor(simulation: Simulation, devices: TwinDevices, plan: FaultPlan, seed: number) {
    const { racks, nodes } = simulation.site;
    this.#simulation = simulation;
    this.#devices = devices;
    this.#plan = plan;
    this.#commands = new Channel(random(seed, "commands"));
    this.#telemetry = new Channel(random(seed, "telemetry"));
    this.#snapshot = {
      rackPowerW: new Float64Array(racks.length).fill(NaN),
      rackInletC: new Float64Array(racks.length).fill(NaN),
      nodePowerW: new Float64Array(nodes.length).fill(NaN),
      nodeRatingW: new Float64Array(nodes.length).fill(NaN),
      bessPowerW: new Float64Array(simulation.site.bess.length),
      rackSampleMs: new Float64Array(racks.length).fill(-Infinity),
      rackGood: new Uint8Array(racks.length),
      nodeSampleMs: new Float64Array(nodes.length).fill(-Infinity),
      nodeGood: new Uint8Array(nodes.length),
    };
  }

  /** A second of the plant has passed: its meters speak, and what is due arrives. */
  pass(): void {
    const { atMs, rackReadingW, rackInletC, nodePowerW, nodeRatingW } = this.#simulation;
    const snapshot = this.#snapshot;
    const sampleMs = atMs + this.#jumpMs();
    const weather = this.#weather(this.#plan.telemetry);
    const nowMs = twinMs(this.#simulation);
    for (let r = 0; r < rackReadingW.length; r++) {
      const shown = this.#shown("rack", r, rackReadingW[r]);
      if (shown === undefined) continue;
      const inletC = rackInletC[r];
      this.#telemetry.send(weather, nowMs, () => {
        snapshot.rackPowerW[r] = shown.powerW;
        snapshot.rackInletC[r] = inletC;
        snapshot.rackSampleMs[r] = sampleMs;
        snapshot.rackGood[r] = shown.good;
      });
    }
    for (let n = 0; n < nodePowerW.length; n++) {
      const shown = this.#shown("node", n, nodePowerW[n]);
      if (shown === undefined) continue;
      const ratingW = nodeRatingW[n];
      this.#telemetry.send(weather, nowMs, () => {
        snapshot.nodePowerW[n] = shown.powerW;
        snapshot.nodeRatingW[n] = ratingW;
        snapshot.nodeSampleMs[n] = sampleMs;
        snapshot.nodeGood[n] = shown.good;
      });
    }
    this.#telemetry.pass(nowMs);
    this.#commands.pass(nowMs);
  }

  read(): MeterSnapshot {
    return this.#snapshot;
  }

  /** The wires as a new controller finds them. */
  connect(): Actuators {
    const listener: { answers: LeaseReport[] } = { answers: [] };
    this.#listener = listener;
    const weather = () => this.#weather(this.#plan.commands);
    const hears = (rack: number) => !this.#plan.deadBmcs.some(({ racks, ...spell }) => racks.includes(rack) && this.#within(spell));
    return {
      commission: (caps) => this.#devices.commission(caps),
      send: (writes: readonly CapWrite[]) => {
        for (const write of writes) {
          this.#commands.send(weather(), twinMs(this.#simulation), () => {
            if (hears(write.rack)) this.#devices.take(write);
          });
        }
      },
      ask: (racks: readonly number[]) => {
        const askedMs = twinMs(this.#simulation);
        for (const rack of racks) {
          this.#commands.send(weather(), askedMs, () => {
            if (!hears(rack)) return;
            const answer = this.#devices.answer(rack, askedMs);
            this.#commands.send(weather(), twinMs(this.#simulation), () => {
              if (this.#listener === listener) listener.answers.push({ ...answer, receivedMs: twinMs(this.#simulation) });
            });
          });
        }
      },
      reports: () => listener.answers.splice(0),
    };
  }

  #shown(of: BrokenMeter["of"], index: number, truthW: number): { readonly powerW: number; readonly good: 0 | 1 } | undefined {
    let powerW = truthW;
    let good: 0 | 1 = 1;
    for (const meter of this.#plan.meters) {
      if (meter.of !== of || meter.index !== index || !this.#within(meter)) continue;
      if (meter.how === "silent") return undefined;
      if (meter.how === "bad") good = 0;
      if (meter.how === "share") powerW *= meter.share;
      if (meter.how === "frozen") {
        const frozenW = this.#frozenW.get(meter) ?? truthW;
        this.#frozenW.set(meter, frozenW);
        powerW = frozenW;
      }
    }
    return { powerW, good };
  }

  #jumpMs(): number {
    return this.#plan.clockJumps.reduce((sum, jump) => (this.#within(jump) ? sum + jump.byMs : sum), 0);
  }

  #weather(spell: Weather & { readonly fromS: number; readonly untilS: number }): Weather {
    return this.#within(spell) ? spell : CALM;
  }

  #within({ fromS, untilS }: { readonly fromS: number; readonly untilS: number }): boolean {
    const { atS } = this.#simulation;
    return atS >= fromS && atS < untilS;
  }
}
