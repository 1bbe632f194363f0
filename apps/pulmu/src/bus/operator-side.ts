import { openStore, type Store } from "@pulmu/journal";
import {
  BmsReader,
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

export interface OperatorOptions {
  readonly site: Site;
  readonly catalog: Catalog;
  readonly home: BusHome;
  /** Telemetry, and commands: apart, so that a flood of the one does not hold up the other. */
  readonly connections: { readonly telemetry: BusClient; readonly flex: BusClient };
  readonly policy: "require" | "accept-unsigned";
  readonly dialects: Partial<Dialects>;
  readonly note: (severity: "info" | "warning", text: string) => void;
  /** Decides what load targets mean; left out: they are ceilings, and nothing more. */
  readonly steering?: Steering;
}

/** Whoever operates a site, by the bus alone: reads its BMS, answers the grid, writes the ceilings that follow. */
export class OperatorSide {
  readonly reader: BmsReader;
  readonly refusals: Refusals;
  readonly gate: FlexGate;
  readonly #options: OperatorOptions;
  readonly #integration: Integration;
  readonly #endpoint: FlexEndpoint;
  readonly #infra: InfraAgent;
  readonly #store: Store;
  readonly #notices: FlexNotice[] = [];
  #tested = false;

  private constructor(options: OperatorOptions, store: Store, parts: Parts) {
    this.#options = options;
    this.#store = store;
    this.refusals = parts.refusals;
    this.reader = parts.reader;
    this.gate = parts.gate;
    this.#integration = parts.integration;
    const { site, connections, note } = options;
    const feeds = feedFacts(site, options.catalog);
    const power = (tag: string) => parts.reader.tree.nodes[parts.reader.tree.index.get(nodeOf(site, tag)) ?? -1]?.powerSlot;
    const notify = (notice: FlexNotice) => void this.#notices.push(notice);
    const setCeilings = (ceilings: Ceilings) => this.#write(ceilings);
    const decider =
      options.steering === undefined
        ? new LoadFollower(
            {
              feeds,
              feedPower: (tag) => parts.reader.read(power(tag)),
              setCeilings,
              shedHints: (excessW) => shedHints(this.#racks(), excessW),
            },
            { newId: () => parts.agentSender.newId(), notify },
          )
        : steeredDecider(options.steering, { notify, setCeilings });
    const onError = (error: Error) => note("warning", error.message);
    this.#endpoint = new FlexEndpoint(connections.flex, {
      gate: parts.gate,
      sender: parts.agentSender,
      decider,
      plantMs: () => parts.reader.plantMs,
      store: parts.targets,
      onError,
    });
    this.#infra = new InfraAgent(connections.flex, { gate: parts.infraGate, sender: parts.infraSender, onError });
  }

  /** @throws PulmuError for keys, trust or database that cannot be had, or a broker that refuses a subscription */
  static async open(options: OperatorOptions): Promise<OperatorSide> {
    const { home, connections, policy, dialects, note } = options;
    const trust = new Trust(await home.trusted());
    const store = await openStore(home.database);
    try {
      const refusals = new Refusals((refusal) => note("warning", `refused: ${formatRefusal(refusal)}`.slice(0, 300)));
      const counted = new Refusals(); // telemetry can be wrong thousands of times a second: counted, not told one by one
      const reader = new BmsReader(connections.telemetry, { dialects, refusals: counted });
      const operator = new OperatorSide(options, store, {
        refusals: counted,
        reader,
        integration: new Integration(connections.telemetry, INTEGRATION, reader),
        gate: new FlexGate({ trust, policy, dialects, refusals, replays: await openReplayStore(store) }),
        // Advice that was not acted on before a restart may be acted on after: nothing is lost by forgetting.
        infraGate: new FlexGate({ trust, policy, dialects, refusals, replays: new ReplayMemory() }),
        targets: await openTargetStore(store, PARTICIPANTS.agent),
        agentSender: new FlexSender(connections.flex, {
          identifier: "pulmu",
          key: await home.key(PARTICIPANTS.agent),
          legacyTopics: dialects.legacyAgent ?? false,
        }),
        infraSender: new FlexSender(connections.flex, { identifier: "pulmu", key: await home.key(PARTICIPANTS.infra) }),
      });
      await reader.start();
      await operator.#integration.start();
      await operator.#endpoint.start();
      await operator.#infra.start();
      return operator;
    } catch (error) {
      await store.close();
      throw error;
    }
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

  async close(): Promise<void> {
    this.#endpoint.close();
    await this.#store.close();
  }

  #write({ siteW, feedW }: Ceilings): void {
    const { site } = this.#options;
    this.#integration.write(ceilingPoint(site.id, SITE_CEILING), Math.round(siteW / 1e3));
    for (const [tag, ceilingW] of feedW) this.#integration.write(ceilingPoint(site.id, tag), Math.round(ceilingW / 1e3));
  }

  #racks() {
    const { nodes } = this.reader.tree;
    return nodes.flatMap(({ id, kind, powerSlot }) => {
      const { state, value } = this.reader.read(powerSlot);
      return kind === "rack" && state === "good" ? [{ id, powerW: value }] : [];
    });
  }
}

interface Parts {
  readonly refusals: Refusals;
  readonly reader: BmsReader;
  readonly integration: Integration;
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
