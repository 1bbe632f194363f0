import { Pool } from "undici";
import { genAiSpan, type Span } from "./genai-span.ts";
import type { SeenRequest } from "./seen-request.ts";

export interface SpanExporterOptions {
  /** `http://127.0.0.1:4318/v1/traces`: OTLP over HTTP, in JSON. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** Told when spans are dropped, at most once for each failure. */
  readonly complain: (text: string) => void;
}

/** Spans that wait; beyond, the newest are dropped: a trace is worth less than a request. */
const MAX_WAITING = 8_192;
const MAX_BATCH = 512;
const EVERY_MS = 2_000;
const PATIENCE_MS = 5_000;

/** Sends what was seen to an OpenTelemetry collector, in batches, beside the requests and never before them. */
export class SpanExporter {
  readonly #options: SpanExporterOptions;
  readonly #pool: Pool;
  readonly #path: string;
  readonly #timer: NodeJS.Timeout;
  #waiting: Span[] = [];
  #dropped = 0;
  #sending: Promise<void> | undefined;

  constructor(options: SpanExporterOptions) {
    const { origin, pathname, search } = new URL(options.url);
    this.#options = options;
    this.#path = pathname + search;
    this.#pool = new Pool(origin, {
      connections: 1,
      connect: { timeout: PATIENCE_MS },
      headersTimeout: PATIENCE_MS,
      bodyTimeout: PATIENCE_MS,
    });
    this.#timer = setInterval(() => void this.#send(), EVERY_MS).unref();
  }

  /** Never waits, never throws. */
  add(seen: SeenRequest): void {
    if (this.#waiting.length >= MAX_WAITING) this.#dropped++;
    else this.#waiting.push(genAiSpan(seen));
    if (this.#waiting.length >= MAX_BATCH) void this.#send();
  }

  /** Sends what is left, and ends. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#send();
    await this.#pool.destroy();
  }

  #send(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, MAX_BATCH);
      this.#waiting = this.#waiting.slice(MAX_BATCH);
      const problem = await this.#post(batch);
      if (problem !== undefined) this.#dropped += batch.length;
      if (this.#dropped > 0) {
        this.#options.complain(`${this.#dropped} spans were dropped${problem === undefined ? "" : `: ${this.#options.url}: ${problem}`}`);
        this.#dropped = 0;
      }
      if (problem !== undefined) return;
    }
  }

  /** Why it could not be sent; undefined when it was. */
  async #post(spans: readonly Span[]): Promise<string | undefined> {
    const { headers, serviceName } = this.#options;
    const resource = { attributes: [{ key: "service.name", value: { stringValue: serviceName } }] };
    const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "@pulmu/gateway" }, spans }] }] });
    try {
      const answer = await this.#pool.request({
        path: this.#path,
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body,
      });
      await answer.body.dump();
      return answer.statusCode < 300 ? undefined : `status ${answer.statusCode}`;
    } catch (error) {
      return (error as Error).message;
    }
  }
}

/**
 * As OpenTelemetry's environment says (https://opentelemetry.io/docs/specs/otel/protocol/exporter/): off unless an endpoint is named.
 * @returns undefined where nobody wants spans
 */
export function exporterFrom(
  environment: Readonly<Record<string, string | undefined>>,
  complain: (text: string) => void,
): SpanExporter | undefined {
  const base = environment["OTEL_EXPORTER_OTLP_ENDPOINT"];
  const url =
    environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] ??
    (base === undefined || base === "" ? undefined : `${base.replace(/\/+$/, "")}/v1/traces`);
  if (url === undefined || url === "" || environment["OTEL_SDK_DISABLED"] === "true") return undefined;
  if (!URL.canParse(url)) {
    complain(`OTEL_EXPORTER_OTLP_ENDPOINT: ${url}: not an address, so no spans are sent`);
    return undefined;
  }
  const pairs = (environment["OTEL_EXPORTER_OTLP_HEADERS"] ?? "").split(",").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at < 1 ? [] : [[pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())] as const];
  });
  return new SpanExporter({ url, headers: Object.fromEntries(pairs), serviceName: environment["OTEL_SERVICE_NAME"] ?? "pulmu", complain });
}
