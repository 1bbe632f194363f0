import type { Store } from "@pulmu/journal";
import {
  ceilingPoint,
  FlexEndpoint,
  FlexGate,
  FlexSender,
  formatRefusal,
  InfraAgent,
  Integration,
  LoadFollower,
  openReplayStore,
  openTargetStore,
  Refusals,
  ReplayMemory,
  shedHints,
  SITE_CEILING,
  Trust,
  type BmsReader,
  type BusClient,
  type Ceilings,
  type Dialects,
  type FeedFacts,
  type FlexNotice,
} from "@pulmu/exchange";
import { steadyStateW, type Site } from "@pulmu/site";
import type { Catalog } from "@pulmu/catalog";
import { steeredDecider } from "../steer/steered-decider.ts";
import type { Steering } from "../steer/steering.ts";
import { PARTICIPANTS, type BusHome } from "./bus-home.ts";
import type { ObservedPlant } from "./observed-plant.ts";
import { INTEGRATION } from "./site-side.ts";

export interface FlexSideOptions {
  readonly site: Site;
  readonly catalog: Catalog;
  readonly home: BusHome;
  /** What was obeyed, and the load targets in force: those who may follow one another share it. */
  readonly store: Store;
  /** A connection of its own: a flood of telemetry does not hold up commands, and all of it ends with it. */
  readonly wire: BusClient;
  readonly reader: BmsReader;
  readonly policy: "require" | "accept-unsigned";
  readonly dialects: Partial<Dialects>;
  readonly note: (severity: "info" | "warning", text: string) => void;
  /** Decides what load targets mean; left out: they are ceilings, and nothing more. */
  readonly steering?: Steering | undefined;
}

/** What whoever operates a site says on the bus: answers the grid, and writes the ceilings that follow. One process at a time does. */
export class FlexSide {
  readonly gate: FlexGate;
  readonly #options: FlexSideOptions;
  readonly #integration: Integration;
  readonly #endpoint: FlexEndpoint;
  readonly #infra: InfraAgent;
  readonly #notices: FlexNotice[] = [];
  #tested = false;

  private constructor(options: FlexSideOptions, parts: Parts) {
    const { site, wire, note, reader, steering } = options;
    this.#options = options;
    this.gate = parts.gate;
    this.#integration = new Integration(wire, INTEGRATION, reader);
    const feeds = feedFacts(site, options.catalog);
    const power = (tag: string) => reader.tree.nodes[reader.tree.index.get(nodeOf(site, tag)) ?? -1]?.powerSlot;
    const notify = (notice: FlexNotice) => void this.#notices.push(notice);
    const setCeilings = (ceilings: Ceilings) => this.#write(ceilings);
    const decider =
      steering === undefined
        ? new LoadFollower(
            {
              feeds,
              feedPower: (tag) => reader.read(power(tag)),
              setCeilings,
              shedHints: (excessW) => shedHints(this.#racks(), excessW),
            },
            { newId: () => parts.agentSender.newId(), notify },
          )
        : steeredDecider(steering, { notify, setCeilings });
    const onError = (error: Error) => note("warning", error.message);
    this.#endpoint = new FlexEndpoint(wire, {
      gate: parts.gate,
      sender: parts.agentSender,
      decider,
      plantMs: () => reader.plantMs,
      store: parts.targets,
      onError,
    });
    this.#infra = new InfraAgent(wire, { gate: parts.infraGate, sender: parts.infraSender, onError });
  }

  /** @throws PulmuError for keys or trust that cannot be had, or a broker that refuses a subscription */
  static async open(options: FlexSideOptions): Promise<FlexSide> {
    const { home, wire, policy, dialects, note, store } = options;
    const trust = new Trust(await home.trusted());
    const refusals = new Refusals((refusal) => note("warning", `refused: ${formatRefusal(refusal)}`.slice(0, 300)));
    const side = new FlexSide(options, {
      gate: new FlexGate({ trust, policy, dialects, refusals, replays: await openReplayStore(store) }),
      // Advice that was not acted on before a restart may be acted on after: nothing is lost by forgetting.
      infraGate: new FlexGate({ trust, policy, dialects, refusals, replays: new ReplayMemory() }),
      targets: await openTargetStore(store, PARTICIPANTS.agent),
      agentSender: new FlexSender(wire, {
        identifier: "pulmu",
        key: await home.key(PARTICIPANTS.agent),
        legacyTopics: dialects.legacyAgent ?? false,
      }),
      infraSender: new FlexSender(wire, { identifier: "pulmu", key: await home.key(PARTICIPANTS.infra) }),
    });
    await side.#integration.start();
    await side.#endpoint.start();
    await side.#infra.start();
    return side;
  }

  /** Call once a second. What happened since is told to `plant`. */
  async tick(plant: ObservedPlant): Promise<void> {
    this.#integration.tick();
    try {
      if (this.#tested) await this.#endpoint.tick();
      else await this.#testOnce();
    } catch (error) {
      this.#options.note("warning", (error as Error).message);
    }
    for (const notice of this.#notices.splice(0)) plant.note(notice);
  }

  close(): void {
    this.#endpoint.close();
  }

  async #testOnce(): Promise<void> {
    const outcome = await this.#endpoint.selfTest();
    this.#tested = outcome !== undefined;
    if (outcome === "dropped") {
      this.#options.note(
        "warning",
        `the broker acknowledges what the agent publishes, and drops it: it wants the permission to write grid/v1/dsx-flex-agent/#`,
      );
    }
  }

  #write({ siteW, feedW }: Ceilings): void {
    const { site } = this.#options;
    this.#integration.write(ceilingPoint(site.id, SITE_CEILING), Math.round(siteW / 1e3));
    for (const [tag, ceilingW] of feedW) this.#integration.write(ceilingPoint(site.id, tag), Math.round(ceilingW / 1e3));
  }

  #racks() {
    const { reader } = this.#options;
    return reader.tree.nodes.flatMap(({ id, kind, powerSlot }) => {
      const { state, value } = reader.read(powerSlot);
      return kind === "rack" && state === "good" ? [{ id, powerW: value }] : [];
    });
  }
}

interface Parts {
  readonly gate: FlexGate;
  readonly infraGate: FlexGate;
  readonly targets: Awaited<ReturnType<typeof openTargetStore>>;
  readonly agentSender: FlexSender;
  readonly infraSender: FlexSender;
}

function nodeOf({ nodes, feeds }: Site, tag: string): string {
  return nodes[feeds.find((feed) => feed.tag === tag)!.node].id;
}

/** With everything idle the feeds share what is left; what each may draw is its contract. */
function feedFacts(site: Site, catalog: Catalog): readonly FeedFacts[] {
  const idleW = steadyStateW(site, catalog, "idle") / site.feeds.length;
  return site.feeds.map(({ tag, limitW }) => ({ tag, minimumW: Math.min(idleW, limitW), maximumW: limitW, defaultW: limitW }));
}
