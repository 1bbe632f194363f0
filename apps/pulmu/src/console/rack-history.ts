import { isSamePlaced, type Placed } from "./placed.ts";

/** Stored in 16 bits: powers in units of 8 W up to 524 kW for racks, temperatures in hundredths of a degree. */
const RACK_UNIT_W = 8;
const UNITS_PER_C = 100;
const FULL = 0xffff;
/** Speed in steps of two hundredths (one more: not known) and how the device answers, in one byte. */
const SPEED_STEPS = 50;
/** Powers, limit and inlet (2 B each), speed (1 B). Works are kept apart, once for as long as they stay where they are. */
const BYTES_PER_RACK = 7;
const BYTES_PER_NODE = 4;
const STEPS_S = [10, 30, 60, 120, 300, 600] as const;

/** How a rack's device answers. */
export const DEVICE = { ok: 0, silent: 1, disobedient: 2 } as const;

/** Every rack at one moment. NaN: not known. */
export interface RackColumns {
  readonly powerW: ArrayLike<number>;
  readonly limitW: ArrayLike<number>;
  readonly inletC: ArrayLike<number>;
  /** Of its GPUs relative to unlimited, 0…1. */
  readonly speed: ArrayLike<number>;
  /** One of `DEVICE`. */
  readonly device: ArrayLike<number>;
}

export interface KeptRow extends RackColumns {
  readonly placed: Placed;
}

/**
 * Rows of what every rack and power node did, in a ring of a day. It takes at most `maxBytes` (the step between rows follows from it), and
 * up to 2 B more for each rack of a row in which work moved.
 */
export class RackHistory {
  readonly stepS: number;
  readonly #rows: number;
  readonly #racks: number;
  readonly #nodes: number;
  readonly #power: Uint16Array;
  readonly #limit: Uint16Array;
  readonly #inlet: Uint16Array;
  readonly #speed: Uint8Array;
  readonly #nodePower: Float32Array;
  readonly #placed: Placed[];
  #newest = 0;
  #first = Infinity;

  constructor(racks: number, nodes: number, keptS: number, maxBytes: number) {
    const rowBytes = racks * BYTES_PER_RACK + nodes * BYTES_PER_NODE;
    this.stepS = STEPS_S.find((stepS) => (keptS / stepS) * rowBytes <= maxBytes) ?? STEPS_S[STEPS_S.length - 1];
    this.#rows = keptS / this.stepS;
    this.#racks = racks;
    this.#nodes = nodes;
    this.#power = new Uint16Array(this.#rows * racks);
    this.#limit = new Uint16Array(this.#rows * racks);
    this.#inlet = new Uint16Array(this.#rows * racks);
    this.#speed = new Uint8Array(this.#rows * racks);
    this.#nodePower = new Float32Array(this.#rows * nodes);
    this.#placed = new Array<Placed>(this.#rows);
  }

  /** Keeps row `newest` (second `newest · stepS`); rows come one after the other. */
  push(newest: number, { powerW, limitW, inletC, speed, device }: RackColumns, placed: Placed, nodePowerW: ArrayLike<number>): void {
    const slot = newest % this.#rows;
    for (let r = 0, at = slot * this.#racks; r < this.#racks; r++, at++) {
      this.#power[at] = short(powerW[r] / RACK_UNIT_W);
      this.#limit[at] = short(limitW[r] / RACK_UNIT_W);
      this.#inlet[at] = short(inletC[r] * UNITS_PER_C);
      this.#speed[at] = packed(speed[r], device[r]);
    }
    this.#nodePower.set(nodePowerW, slot * this.#nodes);
    const before = this.#placed[this.#newest % this.#rows] as Placed | undefined;
    this.#placed[slot] = before !== undefined && isSamePlaced(before, placed) ? before : placed;
    this.#newest = newest;
    this.#first = Math.min(this.#first, newest);
  }

  /** All racks at the row nearest to second `atS`; undefined: none is kept yet. */
  racksAt(atS: number): KeptRow | undefined {
    if (this.#first === Infinity) return undefined;
    const slot = this.#nearest(atS) % this.#rows;
    const from = slot * this.#racks;
    const part = (column: Uint16Array, unit: number) =>
      Float64Array.from(column.subarray(from, from + this.#racks), (value) => (value === FULL ? NaN : value * unit));
    const speed = this.#speed.subarray(from, from + this.#racks);
    return {
      powerW: part(this.#power, RACK_UNIT_W),
      limitW: part(this.#limit, RACK_UNIT_W),
      inletC: part(this.#inlet, 1 / UNITS_PER_C),
      speed: Float64Array.from(speed, speedOf),
      device: speed.map(deviceOf),
      placed: this.#placed[slot],
    };
  }

  nodesAt(atS: number): ArrayLike<number> {
    const from = (this.#nearest(atS) % this.#rows) * this.#nodes;
    return this.#nodePower.subarray(from, from + this.#nodes);
  }

  /** Numbers of the rows that are kept, oldest first. */
  get rows(): readonly number[] {
    if (this.#first === Infinity) return [];
    return Array.from({ length: this.#newest - this.#oldest + 1 }, (_, i) => this.#oldest + i);
  }

  /** One rack through all `rows`. */
  rack(rack: number) {
    const column = (values: Uint16Array, unit: number) =>
      this.rows.map((row) => {
        const value = values[(row % this.#rows) * this.#racks + rack];
        return value === FULL ? NaN : value * unit;
      });
    return {
      powerW: column(this.#power, RACK_UNIT_W),
      limitW: column(this.#limit, RACK_UNIT_W),
      inletC: column(this.#inlet, 1 / UNITS_PER_C),
    };
  }

  node(node: number): readonly number[] {
    return this.rows.map((row) => this.#nodePower[(row % this.#rows) * this.#nodes + node]);
  }

  get #oldest(): number {
    return Math.max(Math.min(this.#first, this.#newest), this.#newest - this.#rows + 1);
  }

  #nearest(atS: number): number {
    return Math.min(this.#newest, Math.max(this.#oldest, Math.round(atS / this.stepS)));
  }
}

/** A reading in 16 bits; what is not known, or too large, is the largest value, and read back as not known. */
function short(value: number): number {
  return value >= 0 && value < FULL ? Math.round(value) : FULL;
}

/** Rounded down: what is slowed at all does not read as full speed. */
function packed(speed: number, device: number): number {
  const steps = speed >= 0 ? Math.min(SPEED_STEPS, Math.floor(speed * SPEED_STEPS + 1e-9)) : SPEED_STEPS + 1;
  return device * (SPEED_STEPS + 2) + steps;
}

function speedOf(byte: number): number {
  const steps = byte % (SPEED_STEPS + 2);
  return steps > SPEED_STEPS ? NaN : steps / SPEED_STEPS;
}

function deviceOf(byte: number): number {
  return Math.floor(byte / (SPEED_STEPS + 2));
}
