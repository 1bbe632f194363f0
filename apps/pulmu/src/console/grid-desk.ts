import type { LoadTarget } from "@pulmu/exchange";
import { quote } from "@pulmu/power";
import { PulmuError } from "@pulmu/units";
import { z } from "zod";
import type { LiveBus } from "../bus/live-bus.ts";
import { quoteAnswer, type QuoteAnswer } from "../commands/grid/quote-view.ts";
import { openGrid, type GridSession } from "../commands/grid/session.ts";
import type { LiveFactory } from "../live/factory.ts";
import { factoryNow } from "../steer/factory-now.ts";

/** Longest event that is played from a page, s. */
const MAX_DURATION_S = 12 * 3_600;

export const quoteQuery = z.strictObject({
  reductionW: z.coerce.number().positive(),
  durationS: z.coerce.number().positive().max(MAX_DURATION_S),
  feed: z.string().optional(),
  batteries: z.stringbool().default(false),
});

export const newEvent = z.strictObject({
  limitW: z.number().positive(),
  durationS: z.int().min(30).max(MAX_DURATION_S),
  feed: z.string().optional(),
});

/** What the grid's side said, and who confirmed it. */
export interface PlayedEvent {
  readonly correlationId: string;
  readonly confirmedBy: string | null;
  readonly limitW: number | null;
  readonly fromMs: number;
  readonly untilMs: number | null;
}

/** Plays the grid for a simulated site: what it says goes signed over the bus, like that of a real one. */
export class GridDesk {
  /** False where the plant is real, or its bus is somebody else's: there the grid speaks for itself. */
  readonly mayPlay: boolean;
  readonly #factory: LiveFactory;
  readonly #bus: LiveBus | undefined;
  #session: Promise<GridSession> | undefined;

  constructor(factory: LiveFactory, bus: LiveBus | undefined) {
    this.#factory = factory;
    this.#bus = bus;
    this.mayPlay = bus !== undefined && bus.role === "all" && bus.embedded && factory.steering !== undefined;
  }

  /** @throws PulmuError `market.quote-*`, and `grid.unread` while not every rack's reading is known */
  quote({ reductionW, durationS, feed, batteries }: z.infer<typeof quoteQuery>): QuoteAnswer {
    const request = { feedTag: feed, reductionW, durationS };
    const { steering, simulation } = this.#factory;
    const answer = steering?.quote(request, batteries) ?? quote(factoryNow(simulation, batteries), request);
    if (Number.isNaN(answer.mostW))
      throw new PulmuError({ code: "grid.unread", rule: "not every rack's reading is known just now", hint: "ask again in some seconds" });
    return quoteAnswer(answer);
  }

  /** @throws PulmuError `grid.no-simulation`, or when the bus cannot be reached */
  async play({ limitW, durationS, feed }: z.infer<typeof newEvent>): Promise<PlayedEvent> {
    const fromMs = this.#factory.simulation.atMs;
    const untilMs = fromMs + durationS * 1000;
    const target: LoadTarget = {
      interval: { start_time: iso(fromMs), end_time: iso(untilMs) },
      load_constraint: { value: limitW / 1e6, unit: "megawatt" },
      ...(feed !== undefined && { feed_tags: [feed] }),
    };
    return { ...(await this.#say(target)), limitW, fromMs, untilMs };
  }

  /** Takes back what limits the feeds. */
  async lift(): Promise<PlayedEvent> {
    const fromMs = this.#factory.simulation.atMs;
    return { ...(await this.#say({ interval: {}, load_constraint: null })), limitW: null, fromMs, untilMs: null };
  }

  async close(): Promise<void> {
    const session = await this.#session?.catch(() => undefined);
    await session?.client.close();
  }

  async #say(target: LoadTarget): Promise<Pick<PlayedEvent, "correlationId" | "confirmedBy">> {
    if (!this.mayPlay || this.#bus === undefined)
      throw new PulmuError({ code: "grid.no-simulation", rule: "events are played on simulated sites that steer themselves" });
    const { address, home } = this.#bus;
    this.#session ??= openGrid({ bus: address, as: "local", busHome: home.folder, clientId: `pulmu-console-${process.pid}` });
    const session = this.#session;
    session.catch(() => (this.#session = undefined)); // the next one tries again
    const { correlationId, status } = await (await session).grid.setTargets([target]);
    return { correlationId, confirmedBy: status?.from ?? null };
  }
}

const iso = (atMs: number) => new Date(atMs).toISOString();
