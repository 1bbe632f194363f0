import type { Principal } from "@pulmu/govern";
import { traceIdOf, type Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { type Context, Hono, type Next } from "hono";
import { z } from "zod";
import type { LiveBus } from "../bus/live-bus.ts";
import type { LoggedRequest, RequestLog } from "../gateway/request-log.ts";
import type { LiveFactory } from "../live/factory.ts";
import { answerProblem, ApiError } from "../server/api-error.ts";
import { integer } from "../server/series-query.ts";
import type { ConsoleFacts } from "./facts.ts";
import { floorNow, floorPlan, floorThen } from "./floor.ts";
import { openGatewayDoor } from "./gateway-door.ts";
import { GridDesk, newEvent, quoteQuery } from "./grid-desk.ts";
import { momentOf } from "./moment.ts";
import { servePages } from "./pages.ts";
import { Past } from "./past.ts";
import { gpuSeries, rackGpus, rackGpusThen } from "./rack-gpus.ts";
import { sameOrigin } from "./same-origin.ts";
import { mayOperate, Sessions, whoami } from "./sessions.ts";
import { chainOf, isSeen, SEES_ALL, type Sight, sightOf } from "./why.ts";
import { whyRack, whyRackThen } from "./why-rack.ts";
import { workStates } from "./works.ts";

const MAX_BODY = 4_096;
/** Events in one list. */
const EVENTS_SHOWN = 200;
/** Requests in one list. */
const REQUESTS_SHOWN = 200;
const WHY_RULE = "only operators and auditors may read the journal, and tenants what is theirs";
const GRID_RULE = "only operators of the site may speak for the grid";

/** What the rest of the factory offers to the pages; what is left out, they do not show. */
export interface ConsoleDoors {
  readonly bus?: LiveBus | undefined;
  /** Where keys are kept. */
  readonly store?: Store | undefined;
  /** The key of whoever started this factory, when it has a house of its own. */
  readonly localKey?: string | undefined;
  readonly gatewayUrl?: string | undefined;
  /** What the gateway has answered and refused of late. */
  readonly requests?: RequestLog | undefined;
  /** Where what was done is written, and what was used. */
  readonly journal?: Store | undefined;
}

/** The operators' pages and what they need beyond the factory's own API: the past, the floor, sessions, the grid's side. */
export class Console {
  readonly past: Past;
  readonly #factory: LiveFactory;
  #doors: ConsoleDoors = {};
  #sessions: Sessions | undefined;
  #desk: GridDesk;

  /** Remembers from now on. */
  constructor(factory: LiveFactory) {
    this.#factory = factory;
    this.past = new Past(factory);
    this.#desk = new GridDesk(factory, undefined);
  }

  /** Opens what there is by now. Who is signed in stays. */
  open(doors: ConsoleDoors): void {
    this.#doors = doors;
    if (doors.store !== undefined) this.#sessions ??= new Sessions(doors.store, doors.localKey, () => Date.now());
    this.#desk = new GridDesk(this.#factory, doors.bus);
  }

  /** Put behind the address, it signs in whoever was shown it. */
  get signInLink(): string {
    return this.#sessions?.link === undefined ? "" : `/#in=${this.#sessions.link}`;
  }

  async close(): Promise<void> {
    await this.#desk.close();
  }

  /** All of it that is the console's own, to be put in front of the factory's read-only API. */
  routes(securityHeaders: Readonly<Record<string, string>>): Hono {
    const app = new Hono();
    app.use(async (context, next) => {
      for (const [name, value] of Object.entries(securityHeaders)) context.header(name, value);
      await next();
    });
    app.onError(answerError);
    servePages(app);
    if (this.#doors.gatewayUrl !== undefined) openGatewayDoor(app, this.#doors.gatewayUrl);
    this.#addSession(app);
    this.#addPlant(app);
    this.#addGrid(app);
    if (this.#doors.journal !== undefined) this.#addWhy(app, this.#doors.journal);
    return app;
  }

  /** Put before the accounts' API, lets a browser's session stand in for the key that is asked for there. */
  async keyFromSession(context: Context, next: Next): Promise<Response | void> {
    const key = context.req.header("Authorization") === undefined ? this.#sessions?.keyOf(context) : undefined;
    if (key === undefined) return next();
    return sameOrigin(context, async () => {
      context.req.raw.headers.set("Authorization", `Bearer ${key}`);
      await next();
    });
  }

  #addSession(app: Hono): void {
    const signIn = z.union([z.strictObject({ key: z.string().max(200) }), z.strictObject({ link: z.string().max(200) })]);
    app.get("/api/console", async (context) => {
      const principal = await this.#sessions?.principal(context);
      return context.json({
        who: principal === undefined ? null : whoami(principal),
        steers: this.#factory.steering !== undefined,
        mayPlayGrid: this.#desk.mayPlay,
        accounts: this.#sessions !== undefined,
        gateway: this.#doors.gatewayUrl ?? null,
        oldestMs: this.past.oldestMs,
      } satisfies ConsoleFacts);
    });
    app.post("/api/console/session", sameOrigin, async (context) => {
      if (this.#sessions === undefined) return answerProblem(context, 404, { code: "api.not-found", message: "no accounts are kept here" });
      try {
        return context.json(await this.#sessions.signIn(context, await readBody(context, signIn)));
      } catch (error) {
        if (!(error instanceof PulmuError) || !/^(key|tenant)\./.test(error.code)) throw error;
        return context.json({ error: { code: error.code, message: error.problems[0].rule, hint: error.problems[0].hint } }, 401);
      }
    });
    app.delete("/api/console/session", sameOrigin, (context) => {
      this.#sessions?.signOut(context);
      return context.json({});
    });
  }

  #addPlant(app: Hono): void {
    const factory = this.#factory;
    const { site } = factory.simulation;
    const plan = JSON.stringify(floorPlan(site));
    const racks = new Map(site.racks.map(({ id }, index) => [id, index]));
    const nodes = new Map(site.nodes.map(({ id }, index) => [id, index]));
    app.get("/api/works", (context) => context.json(workStates(factory)));
    app.get("/api/today", (context) => context.json(this.past.today.sums()));
    app.get("/api/moment", (context) => {
      const atMs = momentAsked(context);
      const moment = atMs === undefined ? momentOf(factory, this.past.today) : this.past.moment(atMs);
      return moment === undefined ? noPast(context) : context.json(moment);
    });
    app.get("/api/happened", (context) => {
      const atMs = integer("until", context.req.query("until"), factory.simulation.atMs);
      return context.json(factory.events.until(atMs, EVENTS_SHOWN).toReversed());
    });
    app.get("/api/floor", (context) => context.body(plan, 200, { "Content-Type": "application/json" }));
    app.get("/api/floor/now", (context) => {
      const atMs = momentAsked(context);
      const floor = atMs === undefined ? floorNow(factory) : floorThen(factory, this.past, atMs);
      return floor === undefined ? noPast(context) : context.json(floor);
    });
    app.get("/api/floor/nodes", (context) => {
      const atMs = momentAsked(context);
      return context.json(Array.from(atMs === undefined ? factory.simulation.nodePowerW : this.past.nodesAt(atMs), Math.round));
    });
    app.get("/api/floor/gpus", (context) => {
      const rack = racks.get(context.req.query("rack") ?? "");
      if (rack === undefined) return unknownPoint(context);
      const atMs = momentAsked(context);
      const gpus = atMs === undefined ? rackGpus(factory, rack) : rackGpusThen(factory, this.past, rack, atMs);
      return gpus === undefined ? noPast(context) : context.json(gpus);
    });
    app.get("/api/floor/series", (context) => {
      const [rack, node] = [racks.get(context.req.query("rack") ?? ""), nodes.get(context.req.query("node") ?? "")];
      if (rack !== undefined)
        return context.json(context.req.query("per") === "gpu" ? gpuSeries(factory, this.past, rack) : this.past.rack(rack));
      if (node !== undefined) return context.json(this.past.node(node));
      return unknownPoint(context);
    });
  }

  #addGrid(app: Hono): void {
    app.get("/api/grid/quote", (context) => context.json(this.#desk.quote(checked(quoteQuery, context.req.query()))));
    app.post("/api/grid/events", sameOrigin, async (context) => {
      const refused = await this.#refuse(context, mayOperate, GRID_RULE);
      return refused ?? context.json(await this.#desk.play(await readBody(context, newEvent)), 201);
    });
    app.delete("/api/grid/events", sameOrigin, async (context) => {
      const refused = await this.#refuse(context, mayOperate, GRID_RULE);
      return refused ?? context.json(await this.#desk.lift());
    });
  }

  /** The journal is read by those who may read it through the accounts' API too; usage by those whose it is. */
  #addWhy(app: Hono, journal: Store): void {
    const factory = this.#factory;
    const racks = new Map(factory.simulation.site.racks.map(({ id }, index) => [id, index]));
    app.get("/api/why", async (context) => {
      const trace = traceIdOf(context.req.query("trace") ?? "");
      if (trace === undefined) throw new ApiError(400, { code: "api.trace", message: "trace must be 32 hex digits, or a W3C traceparent" });
      const sight = await this.#sight(context);
      return sight instanceof Response ? sight : context.json(await chainOf(trace, sight, factory, journal, this.#doors.requests));
    });
    app.get("/api/why/requests", async (context) => {
      const sight = await this.#sight(context);
      if (sight instanceof Response) return sight;
      const isRefused = context.req.query("refused") === "true";
      const wanted = ({ tenantId, error }: LoggedRequest) => isSeen(sight.tenantIds, tenantId) && (!isRefused || error !== null);
      return context.json(this.#doors.requests?.latest(REQUESTS_SHOWN, wanted) ?? []);
    });
    app.get("/api/why/rack", (context) => {
      const rack = racks.get(context.req.query("rack") ?? "");
      if (rack === undefined) return unknownPoint(context);
      const atMs = momentAsked(context);
      const why = atMs === undefined ? whyRack(factory, rack) : whyRackThen(factory, this.past, rack, atMs);
      return why === undefined ? noPast(context) : context.json(why);
    });
  }

  async #sight(context: Context): Promise<Sight | Response> {
    if (this.#sessions === undefined) return SEES_ALL;
    const principal = await this.#sessions.principal(context);
    if (principal === undefined) return context.json({ error: { code: "api.sign-in", message: "sign in first" } }, 401);
    return sightOf(principal) ?? context.json({ error: { code: "govern.denied", message: WHY_RULE } }, 403);
  }

  /** The answer to who may not; undefined: they may. */
  async #refuse(context: Context, allowed: (principal: Principal) => boolean, rule: string): Promise<Response | undefined> {
    const principal = await this.#sessions?.principal(context);
    if (principal === undefined) return context.json({ error: { code: "api.sign-in", message: "sign in first" } }, 401);
    return allowed(principal) ? undefined : context.json({ error: { code: "govern.denied", message: rule } }, 403);
  }
}

/** `?at=`; undefined: now. */
function momentAsked(context: Context): number | undefined {
  const atMs = integer("at", context.req.query("at"), NaN);
  return Number.isNaN(atMs) ? undefined : atMs;
}

const unknownPoint = (context: Context) =>
  answerProblem(context, 404, { code: "api.unknown-point", message: "rack or node must name one of the site's" });

const noPast = (context: Context) => answerProblem(context, 404, { code: "api.no-past", message: "nothing is kept of that time yet" });

function checked<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ApiError(400, { code: "api.value", message: `${issue.path.join(".") || "body"}: ${issue.message}` });
}

async function readBody<T extends z.ZodType>(context: Context, schema: T): Promise<z.infer<T>> {
  const length = Number(context.req.header("Content-Length") ?? NaN);
  if (!(length <= MAX_BODY))
    throw new ApiError(400, { code: "api.too-large", message: `the body must say its length, ${MAX_BODY} bytes at most` });
  let body: unknown;
  try {
    body = await context.req.json();
  } catch {
    throw new ApiError(400, { code: "api.json", message: "the body is not JSON" });
  }
  return checked(schema, body);
}

function answerError(error: Error, context: Context): Response {
  if (error instanceof ApiError) return answerProblem(context, error.status, error.problem);
  if (error instanceof PulmuError) {
    const [{ code, rule, hint }] = error.problems;
    return answerProblem(context, code === "grid.unread" ? 503 : 400, { code, message: rule, hint });
  }
  process.stderr.write(`pulmu: defect while answering ${context.req.routePath}: ${error.stack}\n`);
  return answerProblem(context, 500, { code: "api.defect", message: "a defect of Pulmu; its log has the details" });
}
