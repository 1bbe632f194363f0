import type { Catalog } from "@pulmu/catalog";
import { SITE_SERIES_POINTS, type BmsReader } from "@pulmu/exchange";
import type { Site } from "@pulmu/site";
import {
  SERIES,
  SITE_SERIES,
  type CapLease,
  type JobRow,
  type Kpis,
  type OutsideWork,
  type Placement,
  type Scenario,
  type ServiceRow,
  type Simulation,
  type TwinEvent,
} from "@pulmu/twin";
import { ObservedTotals } from "./observed-totals.ts";

export interface ObservedPlantOptions {
  readonly site: Site;
  readonly catalog: Catalog;
  readonly scenario: Scenario;
  /**
   * The twin in this process. Its work (jobs, services, what runs where) and its devices are seen here until their own wires carry them;
   * its watts and degrees never are.
   */
  readonly twin?: Simulation;
}

/** While fewer racks than this share are known, the sum of all is not. */
const ENOUGH_RACKS = 0.95;
/** Without a new message, readings are judged again this often: they age. */
const JUDGE_MS = 500;

/** Slots of the points that a site's devices have on the bus; undefined where the BMS has none. */
interface Slots {
  readonly changes: number;
  readonly nodePower: readonly (number | undefined)[];
  readonly nodeLoad: readonly (number | undefined)[];
  readonly bessPower: readonly (number | undefined)[];
  readonly rackPower: readonly (number | undefined)[];
  readonly rackInlet: readonly (number | undefined)[];
  readonly itLoads: readonly (number | undefined)[];
  readonly series: readonly (readonly [column: number, slot: number | undefined])[];
}

/** A plant as it is read from the bus, in the shape in which the rest of the program knows the twin. What was not read is NaN. */
export class ObservedPlant implements Simulation {
  readonly site: Site;
  readonly catalog: Catalog;
  readonly scenario: Scenario;
  readonly row = new Float64Array(SITE_SERIES.length).fill(NaN);
  readonly nodePowerW: Float64Array;
  readonly nodeLoad: Float64Array;
  readonly nodeRatingW: Float64Array;
  readonly bessPowerW: Float64Array;
  readonly rackReadingW: Float64Array;
  readonly rackInletC: Float64Array;
  readonly #reader: BmsReader;
  readonly #twin: Simulation | undefined;
  readonly #noSpeed: Float64Array;
  /** What the site file says of each IT load that is not a rack, W: in the order of `Slots.itLoads`. */
  readonly #itLoadW: readonly number[];
  readonly #totals = new ObservedTotals();
  readonly #nowMs: () => number;
  readonly #notices: TwinEvent[] = [];
  #slots: Slots | undefined;
  #atS = 0;
  #sampledMs = -Infinity;
  #sampledMessages = -1;

  constructor(reader: BmsReader, { site, catalog, scenario, twin }: ObservedPlantOptions, nowMs: () => number = Date.now) {
    this.#reader = reader;
    this.site = site;
    this.catalog = catalog;
    this.scenario = scenario;
    this.#twin = twin;
    this.#nowMs = nowMs;
    this.nodePowerW = new Float64Array(site.nodes.length).fill(NaN);
    this.nodeLoad = new Float64Array(site.nodes.length).fill(NaN);
    this.nodeRatingW = Float64Array.from(site.nodes, ({ ratingW }) => ratingW);
    this.bessPowerW = new Float64Array(site.bess.length).fill(NaN);
    this.rackReadingW = new Float64Array(site.racks.length).fill(NaN);
    this.rackInletC = new Float64Array(site.racks.length).fill(NaN);
    this.#itLoadW = site.fixedLoads.filter(({ it }) => it).map(({ powerW }) => powerW);
    this.#noSpeed = new Float64Array(site.racks.length).fill(NaN);
  }

  get atS(): number {
    return this.#twin?.atS ?? this.#atS;
  }

  get atMs(): number {
    return this.scenario.startMs + this.atS * 1000;
  }

  /** There is no truth behind the meter here. */
  get rackPowerW(): Float64Array {
    return this.rackReadingW;
  }

  get rackSpeed(): Float64Array {
    return this.#twin?.rackSpeed ?? this.#noSpeed;
  }

  get engineGpuPowerW(): number {
    return this.#twin?.engineGpuPowerW ?? 0;
  }

  /** Every feed is read, enough racks, and what the plant tells of the whole site if it tells that. */
  get ready(): boolean {
    const isRead = ([, slot]: Slots["series"][number]) => slot === undefined || this.#reader.read(slot).state !== "missing";
    return !Number.isNaN(this.row[SERIES.sitePowerW] + this.row[SERIES.itPowerW]) && this.#findSlots().series.every(isRead);
  }

  /** One second on: reads what has come. */
  step(): void {
    if (this.#twin === undefined) this.#atS++;
    this.sample();
    this.#totals.add(this.row);
  }

  /** Reads what has come, without a step in time. Cost: some lookups a rack and node; nothing when nothing came. */
  sample(): void {
    const { received } = this.#reader;
    const nowMs = this.#nowMs();
    if (received === this.#sampledMessages && nowMs - this.#sampledMs < JUDGE_MS) return;
    this.#sampledMessages = received;
    this.#sampledMs = nowMs;
    const slots = this.#findSlots();
    this.#fill(this.nodePowerW, slots.nodePower);
    this.#fill(this.nodeLoad, slots.nodeLoad);
    this.#fill(this.bessPowerW, slots.bessPower);
    this.#fill(this.rackReadingW, slots.rackPower);
    this.#fill(this.rackInletC, slots.rackInlet);
    this.#fillRow(slots);
  }

  /** Puts something that happened on the bus among the events. */
  note(event: Omit<TwinEvent, "atS">): void {
    this.#notices.push({ atS: this.atS, ...event });
  }

  takeEvents(): readonly TwinEvent[] {
    return [...(this.#twin?.takeEvents() ?? []), ...this.#notices.splice(0)];
  }

  setCap(lease: CapLease): void {
    this.#devices().setCap(lease);
  }

  setFallback(rack: number, gpuCapW: number, clockLimit: number): void {
    this.#devices().setFallback(rack, gpuCapW, clockLimit);
  }

  setLoadTarget(): void {
    throw new Error("a load target reaches the plant over the bus");
  }

  setOutsideWork(works: readonly OutsideWork[]): void {
    this.#devices().setOutsideWork(works);
  }

  setBessPower(bess: number, powerW: number): void {
    this.#devices().setBessPower(bess, powerW);
  }

  jobs(): readonly JobRow[] {
    return this.#twin?.jobs() ?? [];
  }

  services(): readonly ServiceRow[] {
    return this.#twin?.services() ?? [];
  }

  placements(): readonly Placement[] {
    return this.#twin?.placements() ?? [];
  }

  outsideWorks(): readonly OutsideWork[] {
    return this.#twin?.outsideWorks() ?? [];
  }

  kpis(): Kpis {
    const { totals } = this.#totals;
    if (this.#twin !== undefined) {
      // Work is counted since the twin's start, energy since the first reading; what relates the two, over the same seconds.
      const work = this.#twin.kpis();
      const { tokensOut, tokensIn, trainedTokens, requests } = work;
      return { ...work, ...totals, tokensOut, tokensIn, trainedTokens, requests, durationS: this.atS };
    }
    const { scenario, site } = this;
    return {
      scenario: scenario.name,
      site: site.id,
      phase: site.phase.id,
      seed: scenario.seed,
      startMs: scenario.startMs,
      racks: site.racks.length,
      gpus: site.racks.reduce((sum, { type }) => sum + type.trays * type.gpusPerTray, 0),
      ...totals,
      ...UNOBSERVED,
      ttftP50S: this.row[SERIES.ttftP50S],
      ttftP99S: this.row[SERIES.ttftP99S],
      itlP50S: this.row[SERIES.itlP50S],
      itlP99S: this.row[SERIES.itlP99S],
    };
  }

  #devices(): Simulation {
    if (this.#twin === undefined) throw new Error("no device can be reached from this process");
    return this.#twin;
  }

  #fill(into: Float64Array, slots: readonly (number | undefined)[]): void {
    for (let i = 0; i < slots.length; i++) into[i] = this.#read(slots[i]);
  }

  /** NaN unless the reading may be believed. */
  #read(slot: number | undefined): number {
    const { state, value } = this.#reader.read(slot);
    return state === "good" ? value : NaN;
  }

  #fillRow({ itLoads, series }: Slots): void {
    const { row, site } = this;
    for (const [column, slot] of series) row[column] = this.#read(slot);
    let siteW = 0;
    for (const { node } of site.feeds) siteW += this.nodePowerW[node];
    let itW = 0;
    let known = 0;
    let hottestC = -Infinity;
    for (let r = 0; r < site.racks.length; r++) {
      const readingW = this.rackReadingW[r];
      if (!Number.isNaN(readingW)) known++;
      itW += Number.isNaN(readingW) ? site.racks[r].provisionedW : readingW; // never as nothing
      if (this.rackInletC[r] > hottestC) hottestC = this.rackInletC[r];
    }
    itLoads.forEach((slot, i) => {
      const readingW = this.#read(slot);
      itW += Number.isNaN(readingW) ? this.#itLoadW[i] : readingW;
    });
    if (known < site.racks.length * ENOUGH_RACKS) itW = NaN;
    row[SERIES.sitePowerW] = siteW;
    row[SERIES.itPowerW] = itW;
    row[SERIES.pue] = (siteW - (row[SERIES.bessPowerW] || 0)) / itW;
    row[SERIES.envelopeW] = site.phase.envelopeW;
    if (row[SERIES.targetW] >= site.phase.envelopeW) row[SERIES.targetW] = NaN; // nobody asks for less
    row[SERIES.maxInletC] = hottestC === -Infinity ? NaN : hottestC;
  }

  /** Looked for again when a description has changed: ids of the site file are the ids on the bus. */
  #findSlots(): Slots {
    const { changes, tree, objects, points } = this.#reader;
    if (this.#slots?.changes === changes) return this.#slots;
    const { nodes, racks, fixedLoads, bess, id } = this.site;
    const power = (object: string) => tree.nodes[tree.index.get(object) ?? -1]?.powerSlot;
    this.#slots = {
      changes,
      nodePower: nodes.map((node) => power(node.id)),
      nodeLoad: nodes.map((node) => objects.find(node.id, "GenericPoint", ["Load"])),
      bessPower: bess.map(({ id: battery }) => power(battery)),
      rackPower: racks.map((rack) => power(rack.id)),
      rackInlet: racks.map((rack) => objects.find(rack.id, "RackLiquidSupplyTemperature")),
      itLoads: fixedLoads.filter(({ it }) => it).map((load) => power(load.id)),
      series: [
        ...SITE_SERIES_POINTS.map(({ name }) => [SERIES[name as keyof typeof SERIES], objects.find(id, "GenericPoint", [name])] as const),
        [SERIES.dryBulbC, points.find(`Sensor/AirTemperature/${id}/outdoor/dry-bulb`)],
      ],
    };
    return this.#slots;
  }
}

/** What only the side that runs the work knows. */
const UNOBSERVED = {
  lostTrainedTokens: NaN,
  requestsWithinSlo: NaN,
  trainingGoodput: NaN,
  jobsDone: NaN,
  jobRestarts: NaN,
  faults: NaN,
  energyBalanceMaxRelError: NaN,
  resultHash: "",
} as const;
