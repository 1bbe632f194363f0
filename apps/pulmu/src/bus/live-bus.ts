import { randomUUID } from "node:crypto";
import type { Catalog } from "@pulmu/catalog";
import { BusClient, startBroker, STRICT, type BusNotice, type DialectName, type EmbeddedBroker } from "@pulmu/exchange";
import type { Store } from "@pulmu/journal";
import type { Site } from "@pulmu/site";
import type { Scenario, Simulation } from "@pulmu/twin";
import { nearest, PulmuError } from "@pulmu/units";
import { busOptions, type BrokerOptions } from "../commands/exchange/broker.ts";
import { grouped } from "../terminal/format.ts";
import { BusHome } from "./bus-home.ts";
import { ObservedPlant } from "./observed-plant.ts";
import { OperatorSide } from "./operator-side.ts";
import { SiteSide } from "./site-side.ts";

/** How `pulmu up` takes part in the bus. */
export interface LiveBusOptions extends BrokerOptions {
  /** `all`: plays the site and operates it, over the bus all the same. */
  readonly role: "all" | "site" | "operator";
  /** A broker's address; left out: the embedded one. */
  readonly bus?: string;
  /** Of the embedded broker; left out: 1883, or a free one where that is taken. */
  readonly busPort?: number;
  readonly busHost: string;
  readonly busHome: string;
  readonly acceptUnsigned?: boolean;
  readonly dialect?: readonly string[];
}

/** What is played or operated. A site without its twin is somebody else's. */
export interface BusPlant {
  readonly site: Site;
  readonly catalog: Catalog;
  readonly scenario: Scenario;
  readonly twin?: Simulation;
}

/** What is nobody else's business. */
interface Inner {
  readonly clients: readonly BusClient[];
  readonly broker: EmbeddedBroker | undefined;
  readonly note: Note;
}

type Note = (severity: "info" | "warning", text: string) => void;

const MQTT_PORT = 1883;
/** How long to wait for the plant's first readings. A BMS publishes everything within 100 s; who waits can see that we wait. */
const PATIENCE_MS = 110_000;
const POLL_MS = 20;

/** The part of the factory that stands on the bus: broker, site, operator, as the role has it. */
export class LiveBus {
  readonly home: BusHome;
  readonly address: string;
  readonly embedded: boolean;
  readonly role: LiveBusOptions["role"];
  /** The plant as it is read from the bus; undefined in the role `site`. */
  readonly plant: ObservedPlant | undefined;
  readonly site: SiteSide | undefined;
  readonly operator: OperatorSide | undefined;
  readonly #broker: EmbeddedBroker | undefined;
  readonly #clients: readonly BusClient[];
  readonly #note: Note;

  private constructor(parts: Pick<LiveBus, "home" | "address" | "embedded" | "role" | "plant" | "site" | "operator"> & Inner) {
    ({ home: this.home, address: this.address, embedded: this.embedded, role: this.role, plant: this.plant } = parts);
    ({ clients: this.#clients, site: this.site, operator: this.operator, broker: this.#broker, note: this.#note } = parts);
  }

  /**
   * Joins, and reads; nobody answers the grid before `lead`.
   * @param store what was obeyed and which load targets are in force; those who may follow one another share it
   * @throws PulmuError for options or a broker that cannot be had
   */
  static async open(options: LiveBusOptions, { site, catalog, scenario, twin }: BusPlant, store: Store, note: Note): Promise<LiveBus> {
    const { role } = options;
    const dialects = dialectsOf(options.dialect ?? []);
    const home = new BusHome(options.busHome);
    const broker = options.bus === undefined ? await openBroker(options, note) : undefined;
    const address = options.bus ?? broker!.address;
    const clients: BusClient[] = [];
    const connect = (purpose: string, session: "clean" | "kept") => {
      const clientId = `${options.clientId ?? `pulmu-${site.id}`}-${purpose}`;
      return BusClient.connect({ ...busOptions(address, clientId, options), session }, (notice) => tell(notice, note));
    };
    const join = async (purpose: string) => {
      const client = await connect(purpose, "clean");
      clients.push(client);
      return client;
    };
    let operator: OperatorSide | undefined;
    try {
      const siteSide = twin === undefined ? undefined : new SiteSide(await join("site"), twin, (text) => note("warning", text));
      await siteSide?.start();
      let plant: ObservedPlant | undefined;
      if (role !== "site") {
        operator = await OperatorSide.open({
          site,
          catalog,
          home,
          store,
          // Several operators may read one site, those that stand by among them; the place that answers the grid is one.
          telemetry: await join(twin === undefined ? `operator-${randomUUID().slice(0, 8)}` : "operator"),
          connectFlex: () => connect("flex", "kept"),
          policy: options.acceptUnsigned ? "accept-unsigned" : "require",
          dialects,
          note,
        });
        plant = new ObservedPlant(operator.reader, { site, catalog, scenario, ...(twin !== undefined && { twin }) });
      }
      return new LiveBus({
        home,
        address,
        embedded: broker !== undefined,
        role,
        plant,
        clients,
        site: siteSide,
        operator,
        broker,
        note,
      });
    } catch (error) {
      await Promise.all(clients.map((client) => client.close()));
      await broker?.close();
      throw error;
    }
  }

  /** Publishes, answers and follows what is due. Call once a second; never fails. */
  tick(): void {
    this.site?.tick().catch((error: unknown) => this.#note("warning", (error as Error).message));
    if (this.plant !== undefined) void this.operator?.tick(this.plant);
  }

  /** Waits until the plant is read, `ticking` all the while; gives up, saying so, when no BMS speaks. */
  async firstReadings(stopped: () => boolean): Promise<void> {
    const { plant } = this;
    if (plant === undefined) return;
    const untilMs = Date.now() + PATIENCE_MS;
    for (;;) {
      plant.sample();
      if (plant.ready || stopped()) return;
      if (Date.now() > untilMs)
        return this.#note("warning", `no BMS speaks of ${plant.site.id} on ${this.address}: its readings are not known`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Connections of this process. */
  get connections(): readonly BusClient[] {
    const wire = this.operator?.wire;
    return wire === undefined ? this.#clients : [...this.#clients, wire];
  }

  async close(): Promise<void> {
    await this.operator?.standBy();
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.#broker?.close();
  }
}

/** On the port that is asked for; else on MQTT's own, and on any free one where that is taken. */
async function openBroker({ busHost, busPort }: LiveBusOptions, note: Note): Promise<EmbeddedBroker> {
  const onTooLong = (bytes: number, from: string) =>
    note("warning", `the broker cut off ${from}: a message of ${grouped(bytes)} bytes, and 4 MiB are the most`);
  try {
    return await startBroker({ host: busHost, port: busPort ?? MQTT_PORT, onTooLong });
  } catch (error) {
    const isTaken = error instanceof PulmuError && error.code === "exchange.port-in-use";
    if (busPort !== undefined || !isTaken) throw error;
    return startBroker({ host: busHost, port: 0, onTooLong });
  }
}

function dialectsOf(names: readonly string[]): Partial<Record<DialectName, boolean>> {
  const known = Object.keys(STRICT);
  for (const name of names) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const hint = near === undefined ? `known: ${known.join(", ")}` : `did you mean ${near}?`;
    throw new PulmuError({ code: "exchange.option", path: "--dialect", value: name, rule: "is no dialect", hint });
  }
  return Object.fromEntries(names.map((name) => [name, true]));
}

function tell({ severity, code, text }: BusNotice, note: Note): void {
  if (code !== "exchange.connected") note(severity === "info" ? "info" : "warning", text);
}
