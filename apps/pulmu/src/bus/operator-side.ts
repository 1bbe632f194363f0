import { BmsReader, Refusals, type BusClient } from "@pulmu/exchange";
import type { Steering } from "../steer/steering.ts";
import { FlexSide, type FlexSideOptions } from "./flex-side.ts";
import type { ObservedPlant } from "./observed-plant.ts";

export interface OperatorOptions extends Omit<FlexSideOptions, "wire" | "reader" | "steering"> {
  readonly telemetry: BusClient;
  /** Connects as whoever answers the grid: a place that only one process has at a time. */
  readonly connectFlex: () => Promise<BusClient>;
}

/** Whoever operates a site, by the bus alone: reads its BMS, and where it leads, answers the grid. */
export class OperatorSide {
  readonly reader: BmsReader;
  readonly refusals: Refusals;
  readonly #options: OperatorOptions;
  #flex: FlexSide | undefined;
  #wire: BusClient | undefined;

  private constructor(options: OperatorOptions, reader: BmsReader, refusals: Refusals) {
    this.#options = options;
    this.reader = reader;
    this.refusals = refusals;
  }

  /** Begins to read. @throws PulmuError as `Bus.subscribe` does */
  static async open(options: OperatorOptions): Promise<OperatorSide> {
    const refusals = new Refusals(); // telemetry can be wrong thousands of times a second: counted, not told one by one
    const reader = new BmsReader(options.telemetry, { dialects: options.dialects, refusals });
    await reader.start();
    return new OperatorSide(options, reader, refusals);
  }

  /** What answers the grid; undefined while another process does. */
  get flex(): FlexSide | undefined {
    return this.#flex;
  }

  /**
   * Answers the grid from now on, and takes up the load targets that are kept.
   * @param steering decides what they mean; left out: they are ceilings, and nothing more
   * @throws PulmuError for keys or trust that cannot be had, or a broker that refuses
   */
  async lead(steering: Steering | undefined): Promise<void> {
    this.#wire = await this.#options.connectFlex();
    this.#flex = await FlexSide.open({ ...this.#options, reader: this.reader, wire: this.#wire, steering });
  }

  /** Its connection. */
  get wire(): BusClient | undefined {
    return this.#wire;
  }

  /** Says nothing any more: another process answers the grid, or may. */
  async standBy(): Promise<void> {
    this.#flex?.close();
    this.#flex = undefined;
    await this.#wire?.close();
    this.#wire = undefined;
  }

  /** Call once a second. What happened since is told to `plant`. */
  async tick(plant: ObservedPlant): Promise<void> {
    await this.#flex?.tick(plant);
  }
}
