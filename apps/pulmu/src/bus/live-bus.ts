import type { Catalog } from "@pulmu/catalog";
import { BusClient, startBroker, STRICT, type BusNotice, type DialectName, type EmbeddedBroker } from "@pulmu/exchange";
import type { Site } from "@pulmu/site";
import type { Scenario, Simulation } from "@pulmu/twin";
import { nearest, PulmuError } from "@pulmu/units";
import { busOptions, type BrokerOptions } from "../commands/exchange/broker.ts";
import type { Steering } from "../steer/steering.ts";
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
  readonly connections: readonly BusClient[];
  readonly site: SiteSide | undefined;
  readonly operator: OperatorSide | undefined;
  readonly #broker: EmbeddedBroker | undefined;
  readonly #note: Note;

  private constructor(
    parts: Omit<LiveBus, "tick" | "firstReadings" | "close"> & { readonly broker: EmbeddedBroker | undefined; note: Note },
  ) {
    ({ home: this.home, address: this.address, embedded: this.embedded, role: this.role, plant: this.plant } = parts);
    ({ connections: this.connections, site: this.site, operator: this.operator, broker: this.#broker, note: this.#note } = parts);
  }

  /**
   * @param steering decides what load targets mean, where the plant is steered from here
   * @throws PulmuError for options, keys or a broker that cannot be had
   */
  static async open(
    options: LiveBusOptions,
    { site, catalog, scenario, twin }: BusPlant,
    note: Note,
    steering?: Steering,
  ): Promise<LiveBus> {
    const { role } = options;
    const dialects = dialectsOf(options.dialect ?? []);
    const home = new BusHome(options.busHome);
    const broker = options.bus === undefined ? await openBroker(options, note) : undefined;
    const address = options.bus ?? broker!.address;
    const connections: BusClient[] = [];
    const connect = async (purpose: string, session: "clean" | "kept" = "clean") => {
      const clientId = `${options.clientId ?? `pulmu-${site.id}`}-${purpose}`;
      const client = await BusClient.connect({ ...busOptions(address, clientId, options), session }, (notice) => tell(notice, note));
      connections.push(client);
      return client;
    };
    let operator: OperatorSide | undefined;
    try {
      const siteSide = twin === undefined ? undefined : new SiteSide(await connect("site"), twin, (text) => note("warning", text));
      await siteSide?.start();
      let plant: ObservedPlant | undefined;
      if (role !== "site") {
        const policy = options.acceptUnsigned ? "accept-unsigned" : "require";
        const wires = { telemetry: await connect("operator"), flex: await connect("flex", "kept") };
        operator = await OperatorSide.open({
          site,
          catalog,
          home,
          connections: wires,
          policy,
          dialects,
          note,
          ...(steering !== undefined && { steering }),
        });
        plant = new ObservedPlant(operator.reader, { site, catalog, scenario, ...(twin !== undefined && { twin }) });
      }
      return new LiveBus({
        home,
        address,
        embedded: broker !== undefined,
        role,
        plant,
        connections,
        site: siteSide,
        operator,
        broker,
        note,
      });
    } catch (error) {
      await operator?.close();
      await Promise.all(connections.map((client) => client.close()));
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

  async close(): Promise<void> {
    await this.operator?.close();
    await Promise.all(this.connections.map((client) => client.close()));
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
