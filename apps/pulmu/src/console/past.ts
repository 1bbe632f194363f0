import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { LiveFactory } from "../live/factory.ts";
import { Today } from "./today.ts";
import { momentOf, type Moment } from "./moment.ts";

/** As long as the site's own series are kept. */
const KEPT_S = 86_400;
/** Whole moments are kept once a minute: a few kB each. */
const MOMENT_EVERY_S = 60;
/** What the columns of racks and nodes may take, bytes: the step between rows follows from it. */
const MAX_BYTES = 48 * 1024 * 1024;
const STEPS_S = [10, 30, 60, 120, 300, 600] as const;
/** Stored in 16 bits: powers in units of 8 W up to 524 kW for racks, temperatures in hundredths of a degree. */
const RACK_UNIT_W = 8;
const UNITS_PER_C = 100;
const FULL = 0xffff;

/** Readings of one rack or power node, oldest first. */
export interface PointSeries {
  readonly stepS: number;
  readonly atMs: readonly number[];
  readonly powerW: readonly number[];
  /** Of a rack: the limit in force, and the liquid that reaches it. */
  readonly limitW?: readonly number[];
  readonly inletC?: readonly number[];
}

export interface RackColumns {
  readonly powerW: ArrayLike<number>;
  readonly limitW: ArrayLike<number>;
  readonly inletC: ArrayLike<number>;
}

/** The last day of every rack and power node, and of what the pages show: what the console's clock turns back to. */
export class Past {
  readonly today: Today;
  readonly stepS: number;
  readonly #factory: LiveFactory;
  readonly #rows: number;
  readonly #racks: number;
  readonly #nodes: number;
  readonly #rackPower: Uint16Array;
  readonly #rackLimit: Uint16Array;
  readonly #rackInlet: Uint16Array;
  readonly #nodePower: Float32Array;
  readonly #moments = new Map<number, Uint8Array>();
  #newestRow = 0;
  #firstRow = Infinity;

  /** Keeps what `factory` does from now on. */
  constructor(factory: LiveFactory) {
    const { site } = factory.simulation;
    this.#factory = factory;
    this.#racks = site.racks.length;
    this.#nodes = site.nodes.length;
    const rowBytes = this.#racks * 6 + this.#nodes * 4;
    this.stepS = STEPS_S.find((stepS) => (KEPT_S / stepS) * rowBytes <= MAX_BYTES) ?? STEPS_S[STEPS_S.length - 1];
    this.#rows = KEPT_S / this.stepS;
    this.#rackPower = new Uint16Array(this.#rows * this.#racks);
    this.#rackLimit = new Uint16Array(this.#rows * this.#racks);
    this.#rackInlet = new Uint16Array(this.#rows * this.#racks);
    this.#nodePower = new Float32Array(this.#rows * this.#nodes);
    this.today = new Today(site.utcOffsetMin);
    factory.listen({ onSecond: () => this.#second() });
  }

  /** The minute that holds `atMs`, or the nearest that is kept. Undefined: nothing is kept yet. */
  moment(atMs: number): Moment | undefined {
    const wanted = Math.floor(this.#second0(atMs) / MOMENT_EVERY_S);
    let best: number | undefined;
    for (const minute of this.#moments.keys()) if (best === undefined || Math.abs(minute - wanted) < Math.abs(best - wanted)) best = minute;
    const bytes = best === undefined ? undefined : this.#moments.get(best);
    return bytes === undefined ? undefined : (JSON.parse(Buffer.from(inflateRawSync(bytes)).toString("utf8")) as Moment);
  }

  /** Epoch milliseconds of the oldest moment kept. */
  get oldestMs(): number {
    const [oldest] = this.#moments.keys();
    return oldest === undefined
      ? this.#factory.simulation.atMs
      : this.#factory.simulation.scenario.startMs + oldest * MOMENT_EVERY_S * 1000;
  }

  /** All racks at the row nearest to `atMs`. */
  racksAt(atMs: number): RackColumns {
    const row = Math.min(this.#newestRow, Math.max(this.#oldestRow, Math.round(this.#second0(atMs) / this.stepS)));
    const from = (row % this.#rows) * this.#racks;
    const scaled = (column: Uint16Array, unit: number) =>
      Float64Array.from(column.subarray(from, from + this.#racks), (value) => (value === FULL ? NaN : value * unit));
    return {
      powerW: scaled(this.#rackPower, RACK_UNIT_W),
      limitW: scaled(this.#rackLimit, RACK_UNIT_W),
      inletC: scaled(this.#rackInlet, 1 / UNITS_PER_C),
    };
  }

  nodesAt(atMs: number): ArrayLike<number> {
    const row = Math.min(this.#newestRow, Math.max(this.#oldestRow, Math.round(this.#second0(atMs) / this.stepS)));
    const from = (row % this.#rows) * this.#nodes;
    return this.#nodePower.subarray(from, from + this.#nodes);
  }

  rack(rack: number): PointSeries {
    const rows = this.#rowList();
    const column = (values: Uint16Array, unit: number) =>
      rows.map((row) => {
        const value = values[(row % this.#rows) * this.#racks + rack];
        return value === FULL ? NaN : value * unit;
      });
    return {
      ...this.#times(rows),
      powerW: column(this.#rackPower, RACK_UNIT_W),
      limitW: column(this.#rackLimit, RACK_UNIT_W),
      inletC: column(this.#rackInlet, 1 / UNITS_PER_C),
    };
  }

  node(node: number): PointSeries {
    const rows = this.#rowList();
    return { ...this.#times(rows), powerW: rows.map((row) => this.#nodePower[(row % this.#rows) * this.#nodes + node]) };
  }

  #second(): void {
    const { simulation, steering } = this.#factory;
    const { atS, rackPowerW, rackInletC, nodePowerW, site, row } = simulation;
    this.today.add(simulation.atMs, row);
    if (atS % this.stepS === 0) {
      const newest = atS / this.stepS;
      const slot = newest % this.#rows;
      for (let r = 0, at = slot * this.#racks; r < this.#racks; r++, at++) {
        this.#rackPower[at] = short(rackPowerW[r] / RACK_UNIT_W);
        this.#rackLimit[at] = short((steering?.limitW(r) ?? site.racks[r].provisionedW) / RACK_UNIT_W);
        this.#rackInlet[at] = short(rackInletC[r] * UNITS_PER_C);
      }
      this.#nodePower.set(nodePowerW, slot * this.#nodes);
      this.#newestRow = newest;
      this.#firstRow = Math.min(this.#firstRow, newest);
    }
    if (atS % MOMENT_EVERY_S === 0) {
      const text = JSON.stringify(momentOf(this.#factory, this.today));
      this.#moments.set(atS / MOMENT_EVERY_S, deflateRawSync(text, { level: 3 }));
      if (this.#moments.size > KEPT_S / MOMENT_EVERY_S) {
        const [oldest] = this.#moments.keys();
        this.#moments.delete(oldest);
      }
    }
  }

  #second0(atMs: number): number {
    return (atMs - this.#factory.simulation.scenario.startMs) / 1000;
  }

  get #oldestRow(): number {
    return Math.max(Math.min(this.#firstRow, this.#newestRow), this.#newestRow - this.#rows + 1);
  }

  #rowList(): readonly number[] {
    if (this.#firstRow === Infinity) return [];
    return Array.from({ length: this.#newestRow - this.#oldestRow + 1 }, (_, i) => this.#oldestRow + i);
  }

  #times(rows: readonly number[]) {
    const { startMs } = this.#factory.simulation.scenario;
    return { stepS: this.stepS, atMs: rows.map((row) => startMs + row * this.stepS * 1000) };
  }
}

/** A reading in 16 bits; what is not known, or too large, is the largest value, and read back as not known. */
function short(value: number): number {
  return value >= 0 && value < FULL ? Math.round(value) : FULL;
}
