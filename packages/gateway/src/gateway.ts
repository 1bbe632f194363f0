import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Principal } from "@pulmu/govern";
import { PulmuError } from "@pulmu/units";
import { BatchApi } from "./batches/api.ts";
import { BatchRunner } from "./batches/batch-runner.ts";
import { Batches } from "./batches/batches.ts";
import { Files } from "./batches/files.ts";
import { prepareGateway } from "./batches/schema.ts";
import { chat } from "./endpoints/chat.ts";
import { completions } from "./endpoints/completions.ts";
import { embeddings } from "./endpoints/embeddings.ts";
import type { Endpoint } from "./endpoints/endpoint.ts";
import { messages } from "./endpoints/messages/index.ts";
import { listModels, oneModel } from "./endpoints/models.ts";
import { responses } from "./endpoints/responses/index.ts";
import { DEFAULT_LIMITS, type GatewayLimits, type GatewayOptions } from "./gateway-options.ts";
import { Exchange } from "./http/exchange.ts";
import { RequestIds } from "./http/request-ids.ts";
import { parseTraceparent } from "./http/trace.ts";
import { Inference } from "./inference.ts";
import { Refusal } from "./refusal.ts";
import type { DeploymentSpec } from "./routing/deployment.ts";
import type { ReplicaState } from "./routing/replica.ts";
import { Router } from "./routing/router.ts";

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  "/v1/chat/completions": chat,
  "/v1/completions": completions,
  "/v1/embeddings": embeddings,
  "/v1/messages": messages,
  "/v1/responses": responses,
};

/** What lines of a batch may ask: the APIs of OpenAI. */
const BATCH_ENDPOINTS = Object.keys(ENDPOINTS).filter((path) => path !== "/v1/messages");
/** New batches are taken up after this long. */
const BATCH_MS = 1_000;

/** Keys revoked by other processes are known after this long. */
const REFRESH_MS = 250;
const CHECK_MS = 5_000;
/** Those who wait for power, or too long, are looked at this often. */
const PUMP_MS = 100;

export interface ReplicaNow {
  readonly modelId: string;
  readonly id: string;
  readonly state: ReplicaState;
  readonly inFlight: number;
}

/**
 * The door. `handle` answers one HTTP request; `listen` serves a port of its own. Whoever made it ends it with `close`.
 */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #limits: GatewayLimits;
  readonly #router: Router;
  readonly #inference: Inference;
  readonly #ids: RequestIds;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #batchApi: BatchApi | undefined;
  readonly #batchRunner: BatchRunner | undefined;
  #server: Server | undefined;
  #inFlight = 0;
  #draining = false;
  #whenIdle: (() => void) | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#router = new Router(options);
    this.#inference = new Inference(options, this.#limits, this.#router);
    this.#ids = new RequestIds(options.randomBytes);
    if (options.store !== undefined) {
      const { store, now, randomBytes } = options;
      const newId = (prefix: string) => `${prefix}_${Buffer.from(randomBytes(12)).toString("hex")}`;
      const shared = { store, files: new Files(store), batches: new Batches(store), now, newId };
      this.#batchApi = new BatchApi({ ...shared, endpoints: BATCH_ENDPOINTS, maxBodyBytes: this.#limits.maxBodyBytes });
      this.#batchRunner = new BatchRunner({
        ...shared,
        inference: this.#inference,
        endpoints: ENDPOINTS,
        newTrace: () => this.#ids.trace(undefined),
      });
    }
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Starts to watch the keys and the replicas. */
  async start(): Promise<void> {
    await this.#options.authenticator.refresh();
    await this.#checkReplicas();
    if (this.#options.store !== undefined) {
      await prepareGateway(this.#options.store);
      this.#every(BATCH_MS, () => this.#batchRunner!.tick());
    }
    this.#every(REFRESH_MS, () => this.#options.authenticator.refresh());
    this.#every(CHECK_MS, () => this.#checkReplicas());
    this.#every(PUMP_MS, async () => {
      for (const { lane } of this.#router.atWork) if (lane.waiting > 0) lane.pump();
    });
  }

  /** Serves these from now on; what is under way goes on, and who waits keeps its turn. */
  async setDeployments(specs: readonly DeploymentSpec[]): Promise<void> {
    this.#router.set(specs);
    await this.#checkReplicas();
  }

  /** Requests that gave way to curtailments so far. */
  gaveWay(): { readonly refused: number; readonly delayed: number } {
    const lanes = this.#router.atWork.map(({ lane }) => lane.gaveWay);
    return {
      refused: lanes.reduce((sum, { refused }) => sum + refused, 0),
      delayed: lanes.reduce((sum, { delayed }) => sum + delayed, 0),
    };
  }

  /** Every replica as it is now. */
  replicas(): readonly ReplicaNow[] {
    return this.#router.deployments.flatMap(({ spec: { modelId }, replicas }) =>
      replicas.map(({ spec: { id }, state, inFlight }) => ({ modelId, id, state, inFlight })),
    );
  }

  /** Serves a port; 0 takes any free one. With `shared`, other processes may serve it too: the kernel spreads connections over them. */
  async listen(host: string, port: number, shared = false): Promise<AddressInfo> {
    const { receiveMs, maxHeaderBytes } = this.#limits;
    const server = createServer(
      {
        maxHeaderSize: maxHeaderBytes,
        headersTimeout: Math.min(10_000, receiveMs),
        requestTimeout: receiveMs,
        connectionsCheckingInterval: 1_000,
        keepAliveTimeout: 65_000,
        noDelay: true,
      },
      (request, response) => void this.handle(request, response),
    );
    server.on("clientError", refuseBytes);
    this.#server = server;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject).listen({ port, host, backlog: 4_096, reusePort: shared }, resolve);
    await promise;
    server.off("error", reject);
    return server.address() as AddressInfo;
  }

  /** Answers one request. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { now } = this.#options;
    const traceparent = this.#ids.trace(parseTraceparent(request.headers["traceparent"] as string | undefined));
    const exchange = new Exchange(request, response, { requestId: this.#ids.next(), traceparent }, now());
    const [path] = request.url!.split("?", 1);
    this.#inFlight++;
    try {
      await this.#route(exchange, path);
    } catch (error) {
      exchange.refuse(this.#refusalOf(error), ENDPOINTS[path]);
    } finally {
      if (--this.#inFlight === 0) this.#whenIdle?.();
    }
  }

  /** Takes no new requests and waits until those under way are answered, at most so long. */
  async drain(patienceMs: number): Promise<void> {
    this.#draining = true;
    this.#server?.close();
    this.#server?.closeIdleConnections();
    const { promise: idle, resolve } = Promise.withResolvers<void>();
    this.#whenIdle = resolve;
    if (this.#inFlight === 0) resolve();
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, patienceMs);
    await Promise.race([Promise.all([idle, this.#batchRunner?.stop()]), late.promise]);
    clearTimeout(timer);
  }

  /** Ends at once: connections are cut, upstreams stop. */
  async close(): Promise<void> {
    this.#draining = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#server?.close();
    this.#server?.closeAllConnections();
    await this.drain(5_000); // those cut off are still settled
    await this.#router.sweep();
    await Promise.all(this.#router.deployments.flatMap(({ replicas }) => replicas.map(({ spec }) => spec.upstream.close())));
  }

  async #route(exchange: Exchange, path: string): Promise<void> {
    const { request } = exchange;
    if (path === "/healthz") return exchange.sendJson(this.#draining ? 503 : 200, { status: this.#draining ? "draining" : "ok" }, {});
    if (this.#draining || this.#inFlight > this.#limits.maxInFlight)
      throw new Refusal(this.#draining ? "This gateway is about to stop." : "Too many requests are under way.", {
        status: 503,
        type: "server_error",
        code: "overloaded",
        retryAfterS: 1,
      });
    const principal = this.#authenticate(exchange);
    const endpoint = ENDPOINTS[path];
    if (endpoint !== undefined) {
      if (request.method !== "POST") throw wrongMethod("POST");
      return this.#inference.serve(exchange, endpoint, principal);
    }
    if (path === "/v1/models" || path.startsWith("/v1/models/")) {
      if (request.method !== "GET") throw wrongMethod("GET");
      const visible = (spec: DeploymentSpec) => this.#inference.mayAsk(principal, spec);
      const modelId = decoded(path.slice("/v1/models/".length));
      const answer = path === "/v1/models" ? listModels(this.#router, visible) : oneModel(this.#router, modelId, visible);
      return exchange.sendJson(200, answer, {});
    }
    if (this.#batchApi !== undefined && (await this.#batchApi.serve(exchange, principal, path))) return undefined;
    throw new Refusal(`Unknown request URL: ${request.method} ${path.slice(0, 200)}.`, {
      status: 404,
      type: "invalid_request_error",
      code: "unknown_url",
      retry: false,
    });
  }

  /** OpenAI's clients send `Authorization: Bearer …`, Anthropic's `x-api-key`. */
  #authenticate(exchange: Exchange): Principal {
    const bearer = exchange.header("authorization");
    const key = bearer !== undefined && /^bearer /i.test(bearer) ? bearer.slice(7).trim() : exchange.header("x-api-key");
    if (key === undefined) throw unauthorized("You didn't provide an API key: send it as 'Authorization: Bearer KEY'.");
    try {
      return this.#options.authenticator.authenticate(key, this.#options.now());
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      const { rule, hint } = error.problems[0];
      if (error.code === "tenant.suspended")
        throw new Refusal(`${rule}: ${hint}.`, { status: 403, type: "permission_error", code: "tenant_suspended" });
      throw unauthorized(`Incorrect API key provided: ${rule}; ${hint}.`);
    }
  }

  #refusalOf(error: unknown): Refusal {
    if (error instanceof Refusal) return error;
    if (error instanceof PulmuError && error.code.startsWith("store."))
      return new Refusal("Usage cannot be recorded now, so nothing is served.", {
        status: 503,
        type: "server_error",
        code: "ledger_unavailable",
        retryAfterS: 1,
      });
    this.#options.onDefect(error);
    return new Refusal("A defect of the gateway; its log has the details.", { status: 500, type: "server_error", code: "internal_error" });
  }

  async #checkReplicas(): Promise<void> {
    await this.#router.sweep();
    await Promise.all(
      this.#router.deployments.flatMap(({ replicas }) =>
        replicas.map(async (replica) => replica.checked(await replica.spec.upstream.check())),
      ),
    );
  }

  #every(ms: number, work: () => Promise<void>): void {
    let running = false;
    const timer = setInterval(() => {
      if (running) return;
      running = true;
      void work()
        .catch(() => {}) // what cannot be read now is read at the next turn
        .finally(() => (running = false));
    }, ms);
    this.#timers.push(timer.unref());
  }
}

function unauthorized(message: string): Refusal {
  return new Refusal(message, { status: 401, type: "invalid_request_error", code: "invalid_api_key", retry: false });
}

function wrongMethod(allowed: string): Refusal {
  return new Refusal(`Not allowed here: use ${allowed}.`, { status: 405, type: "invalid_request_error", code: "method_not_supported" });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** What is no HTTP, too large a head, or too slow: answered in bytes, since there is no request to answer. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const [status, code, message] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? ["431 Request Header Fields Too Large", "headers_too_large", "The headers are too large."]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? ["408 Request Timeout", "request_timeout", "The request took too long to arrive."]
        : ["400 Bad Request", "bad_http", "This is not HTTP."];
  const body = JSON.stringify({ error: { message, type: "invalid_request_error", param: null, code } });
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
}
