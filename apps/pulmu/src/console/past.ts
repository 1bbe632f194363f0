import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { LiveFactory } from "../live/factory.ts";
import { momentOf, type Moment } from "./moment.ts";
import { placedNow } from "./placed.ts";
import { DEVICE, type KeptRow, type RackColumns, RackHistory } from "./rack-history.ts";
import { Today } from "./today.ts";

/** As long as the site's own series are kept. */
const KEPT_S = 86_400;
/** Whole moments are kept once a minute: a few kB each. */
const MOMENT_EVERY_S = 60;
/** What the readings of racks and nodes may take, bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Readings of one rack or power node, oldest first. */
export interface PointSeries {
  readonly stepS: number;
  readonly atMs: readonly number[];
  readonly powerW: readonly number[];
  /** Of a rack: the limit in force, and the liquid that reaches it. */
  readonly limitW?: readonly number[];
  readonly inletC?: readonly number[];
}

/** The last day of every rack and power node, and of what the pages show: what the console's clock turns back to. */
export class Past {
  readonly today: Today;
  readonly #factory: LiveFactory;
  readonly #history: RackHistory;
  readonly #moments = new Map<number, Uint8Array>();

  /** Keeps what `factory` does from now on. */
  constructor(factory: LiveFactory) {
    const { site } = factory.simulation;
    this.#factory = factory;
    this.#history = new RackHistory(site.racks.length, site.nodes.length, KEPT_S, MAX_BYTES);
    this.today = new Today(site.utcOffsetMin);
    factory.listen({ onSecond: () => this.#second() });
  }

  /** The minute that holds `atMs`, or the nearest that is kept. Undefined: nothing is kept yet. */
  moment(atMs: number): Moment | undefined {
    const wanted = Math.floor(this.#secondOf(atMs) / MOMENT_EVERY_S);
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

  /** All racks at the row nearest to `atMs`; undefined: nothing is kept yet. */
  racksAt(atMs: number): KeptRow | undefined {
    return this.#history.racksAt(this.#secondOf(atMs));
  }

  nodesAt(atMs: number): ArrayLike<number> {
    return this.#history.nodesAt(this.#secondOf(atMs));
  }

  rack(rack: number): PointSeries {
    return { ...this.#times(), ...this.#history.rack(rack) };
  }

  node(node: number): PointSeries {
    return { ...this.#times(), powerW: this.#history.node(node) };
  }

  #second(): void {
    const { simulation } = this.#factory;
    const { atS, nodePowerW, row } = simulation;
    const { stepS } = this.#history;
    this.today.add(simulation.atMs, row);
    if (atS % stepS === 0) this.#history.push(atS / stepS, columnsNow(this.#factory), placedNow(this.#factory), nodePowerW);
    if (atS % MOMENT_EVERY_S === 0) {
      const text = JSON.stringify(momentOf(this.#factory, this.today));
      this.#moments.set(atS / MOMENT_EVERY_S, deflateRawSync(text, { level: 3 }));
      if (this.#moments.size > KEPT_S / MOMENT_EVERY_S) {
        const [oldest] = this.#moments.keys();
        this.#moments.delete(oldest);
      }
    }
  }

  #secondOf(atMs: number): number {
    return (atMs - this.#factory.simulation.scenario.startMs) / 1000;
  }

  #times() {
    const { startMs } = this.#factory.simulation.scenario;
    const { stepS, rows } = this.#history;
    return { stepS, atMs: rows.map((row) => startMs + row * stepS * 1000) };
  }
}

/** Every rack now. */
export function columnsNow({ simulation, steering }: LiveFactory): RackColumns {
  const { site, rackPowerW, rackInletC, rackSpeed } = simulation;
  const view = steering?.view();
  const device = new Uint8Array(site.racks.length);
  for (const rack of view?.unreachable ?? []) device[rack] = DEVICE.silent;
  for (const rack of view?.disobedient ?? []) device[rack] = DEVICE.disobedient;
  const limitW = Float64Array.from(site.racks, ({ provisionedW }, r) => steering?.limitW(r) ?? provisionedW);
  return { powerW: rackPowerW, limitW, inletC: rackInletC, speed: rackSpeed, device };
}
