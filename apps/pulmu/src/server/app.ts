import type { ServerResponse } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { PulmuError } from "@pulmu/units";
import { Hono, type Context } from "hono";
import { ACCOUNTS_BASE } from "../accounts/base.ts";
import type { BmcHouse } from "../bmc/bmc-house.ts";
import { busState } from "../bus/bus-state.ts";
import type { LiveBus } from "../bus/live-bus.ts";
import type { Console } from "../console/console.ts";
import type { LiveFactory } from "../live/factory.ts";
import { factoryState, nodeState, rackState, type RackState } from "../live/state.ts";
import { steeringState } from "../steer/steering-state.ts";
import { answerProblem, ApiError } from "./api-error.ts";
import { ENDPOINTS } from "./endpoints.ts";
import { EventStream } from "./event-stream.ts";
import { addGridRoutes } from "./grid-routes.ts";
import { createMetrics } from "./metrics.ts";
import { answerSeries, integer } from "./series-query.ts";
import { siteSummary } from "./site-summary.ts";

/** Longest path and query. */
const MAX_URL = 2_048;
const MAX_EVENT_CLIENTS = 64;
const MAX_RACKS = 10_000;
/** Events a new client is told of. */
const RECENT_EVENTS = 20;

/** Set on every answer. The pages of other origins may not read, frame or embed it, and browsers take it for what it says it is. */
const SECURITY_HEADERS = {
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Cache-Control": "no-store",
} as const;

export type FactoryApp = Hono<{ Bindings: HttpBindings }>;

/** The factory over HTTP, read only, and the stream that its owner feeds each second. */
export interface FactoryServer {
  readonly app: FactoryApp;
  readonly events: EventStream;
}

export interface FactoryServerOptions {
  readonly maxEventClients?: number;
  readonly accounts?: Hono | undefined;
  readonly bus?: LiveBus | undefined;
  readonly pages?: Console | undefined;
  readonly bmcs?: BmcHouse | undefined;
}

export function createFactoryServer(
  factory: LiveFactory,
  { maxEventClients = MAX_EVENT_CLIENTS, accounts, bus, pages, bmcs }: FactoryServerOptions = {},
): FactoryServer {
  const events = new EventStream(factory, maxEventClients);
  const metrics = createMetrics(factory, bus);
  const { site } = factory.simulation;
  const app: FactoryApp = new Hono();
  if (pages !== undefined) {
    app.use(`${ACCOUNTS_BASE}/*`, (context, next) => pages.keyFromSession(context, next));
    app.route("/", pages.routes(SECURITY_HEADERS));
  }
  if (accounts !== undefined) app.route(ACCOUNTS_BASE, accounts); // it asks for a key, and is not read only: before what is

  app.use(async (context, next) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.header(name, value);
    if (context.req.method !== "GET" && context.req.method !== "HEAD") {
      context.header("Allow", "GET, HEAD");
      return answerProblem(context, 405, { code: "api.method", message: "this API is read only: use GET" });
    }
    if (context.req.url.length > MAX_URL)
      return answerProblem(context, 414, { code: "api.url-too-long", message: `more than ${MAX_URL} characters` });
    return next();
  });

  app.get("/api", (context) => context.json(Object.fromEntries(ENDPOINTS)));
  app.get("/healthz", (context) => context.json({ status: "ok", atMs: factory.simulation.atMs }));
  app.get("/metrics", async (context) => context.body(await metrics.metrics(), 200, { "Content-Type": metrics.contentType }));

  app.get("/api/site", (context) => context.json(siteSummary(site)));
  app.get("/api/state", (context) => context.json(factoryState(factory)));
  app.get("/api/series", (context) => context.json(answerSeries(factory.history, context.req.query())));
  app.get("/api/nodes", (context) => context.json(site.nodes.map((_, node) => nodeState(factory, node))));
  app.get("/api/racks", (context) => context.json(rackList(factory, context)));
  app.get("/api/jobs", (context) => context.json(factory.jobs()));
  app.get("/api/services", (context) => context.json(factory.services()));

  const { steering } = factory;
  if (steering !== undefined) app.get("/api/steering", (context) => context.json(steeringState(steering)));
  addGridRoutes(app, factory);
  if (bmcs !== undefined) app.get("/api/bmcs", (context) => context.json(bmcs.sums()));
  if (bus !== undefined) app.get("/api/bus", (context) => context.json(busState(bus)));

  app.get("/api/events", (context) => {
    if (events.full) {
      context.header("Retry-After", "5");
      return answerProblem(context, 503, {
        code: "api.too-many-clients",
        message: `more than ${maxEventClients} clients listen to events`,
      });
    }
    const since = integer("Last-Event-ID", context.req.header("Last-Event-ID"), factory.events.lastId - RECENT_EVENTS);
    const { outgoing } = context.env;
    outgoing.writeHead(200, { ...SECURITY_HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" });
    if (context.req.method === "HEAD") outgoing.end();
    else events.connect(outgoing as ServerResponse, since);
    return RESPONSE_ALREADY_SENT;
  });

  app.notFound((context) =>
    answerProblem(context, 404, { code: "api.not-found", message: "no such address", hint: "/api lists what there is" }),
  );
  app.onError((error, context) => {
    if (error instanceof ApiError) return answerProblem(context, error.status, error.problem);
    if (error instanceof PulmuError) return answerProblem(context, 400, { code: error.code, message: error.problems[0].rule });
    process.stderr.write(`pulmu: defect while answering ${context.req.routePath}: ${error.stack}\n`);
    return answerProblem(context, 500, { code: "api.defect", message: "a defect of Pulmu; its log has the details" });
  });
  return { app, events };
}

const RACK_ORDERS: Readonly<Record<string, (a: RackState, b: RackState) => number>> = {
  id: () => 0,
  power: (a, b) => b.powerW - a.powerW,
  inlet: (a, b) => b.inletC - a.inletC,
  speed: (a, b) => a.speed - b.speed,
};

/** `?sort=power&limit=20`: highest power or inlet first, lowest speed first; by id is the order of the site. */
function rackList(factory: LiveFactory, context: Context): readonly RackState[] {
  const order = RACK_ORDERS[context.req.query("sort") ?? "id"];
  if (order === undefined)
    throw new ApiError(400, { code: "api.sort", message: `sort must be one of ${Object.keys(RACK_ORDERS).join(", ")}` });
  const limit = integer("limit", context.req.query("limit"), MAX_RACKS);
  if (limit < 1 || limit > MAX_RACKS) throw new ApiError(400, { code: "api.limit", message: `limit must be 1 to ${MAX_RACKS}` });
  return factory.simulation.site.racks
    .map((_, rack) => rackState(factory, rack))
    .toSorted(order)
    .slice(0, limit);
}
