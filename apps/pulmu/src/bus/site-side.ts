import {
  BmsPublisher,
  ceilingPoint,
  HEARTBEAT_MS,
  parsePointValue,
  QUALITY_GOOD,
  SITE_CEILING,
  sitePoints,
  valueTopic,
  type BusClient,
  type PlantReadings,
} from "@pulmu/exchange";
import { SERIES, type Simulation, type SiteSeriesName } from "@pulmu/twin";

/** The integration that a site lets write its power ceilings. */
export const INTEGRATION = "PULMU";

/** After three heartbeats that did not come, the integration is taken to be gone. */
const SILENT_MS = 3 * HEARTBEAT_MS;

/**
 * The twin as a site on the bus: its instruments published as a BMS would, the ceilings that the integration writes handed to it. When
 * the integration falls silent the last ceilings stay: a dead operator never frees power.
 */
export class SiteSide {
  readonly publisher: BmsPublisher;
  readonly #bus: BusClient;
  readonly #twin: Simulation;
  readonly #readings: PlantReadings;
  readonly #note: (text: string) => void;
  /** Ceiling in force by feed tag, or for the site; undefined: none. */
  readonly #ceilingW = new Map<string, number | undefined>();
  #heardMs = NaN;
  #tested = false;

  constructor(bus: BusClient, twin: Simulation, note: (text: string) => void) {
    this.#bus = bus;
    this.#twin = twin;
    this.#note = note;
    this.#readings = readingsOf(twin);
    this.publisher = new BmsPublisher(bus, sitePoints(twin.site, { integration: INTEGRATION }));
  }

  /** @throws PulmuError as `Bus.subscribe` does */
  async start(): Promise<void> {
    await this.publisher.start();
    const { site } = this.#twin;
    for (const feed of [SITE_CEILING, ...site.feeds.map(({ tag }) => tag)]) {
      await this.#bus.subscribe(valueTopic(ceilingPoint(site.id, feed), INTEGRATION), 0, ({ payload }) => this.#take(feed, payload));
    }
    const heartbeats = valueTopic("System/HeartbeatTimestampIntegration/#", INTEGRATION);
    await this.#bus.subscribe(heartbeats, 0, () => void (this.#heardMs = Date.now()));
  }

  /** Publishes what is due. Call once a second. */
  async tick(): Promise<void> {
    if (Date.now() - this.#heardMs > SILENT_MS) {
      this.#heardMs = NaN;
      this.#note(`${INTEGRATION} has fallen silent on the bus: the ceilings it wrote stay`);
    }
    await this.publisher.publish(this.#readings);
    if (this.#tested) return;
    this.#tested = true;
    if ((await this.publisher.selfTest(this.#twin.atMs)) === "dropped") {
      this.#note("the broker acknowledges what the site publishes, and drops it: it wants the permission to write BMS/v1/PUB/#");
    }
  }

  #take(feed: string, payload: Uint8Array): void {
    const read = parsePointValue(payload);
    if (!read.ok || read.value.quality !== QUALITY_GOOD || read.value.value === null || read.value.value < 0) {
      return this.#note(`a ceiling for ${feed} that is no good value was passed over`);
    }
    const { feeds, phase } = this.#twin.site;
    const mostW = feed === SITE_CEILING ? phase.envelopeW : feeds.find(({ tag }) => tag === feed)!.limitW;
    const ceilingW = read.value.value * 1e3;
    const limitW = ceilingW < mostW ? ceilingW : undefined;
    if (limitW === this.#ceilingW.get(feed)) return;
    this.#ceilingW.set(feed, limitW);
    this.#twin.setLoadTarget({ feedTag: feed === SITE_CEILING ? undefined : feed, fromS: this.#twin.atS, untilS: Infinity, limitW });
  }
}

/** What the instruments of a twin show. */
export function readingsOf(twin: Simulation): PlantReadings {
  return {
    get atMs() {
      return twin.atMs;
    },
    get nodePowerW() {
      return twin.nodePowerW;
    },
    get nodeLoad() {
      return twin.nodeLoad;
    },
    get bessPowerW() {
      return twin.bessPowerW;
    },
    get rackReadingW() {
      return twin.rackReadingW;
    },
    get rackInletC() {
      return twin.rackInletC;
    },
    series(name) {
      const value = twin.row[SERIES[name as SiteSeriesName]];
      return name === "targetW" && Number.isNaN(value) ? twin.site.phase.envelopeW : value;
    },
  };
}
