import { parseTraceparent } from "../http/trace.ts";
import type { SeenRequest } from "./seen-request.ts";

/** OTLP's JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
interface Attribute {
  readonly key: string;
  readonly value:
    | { readonly stringValue: string }
    | { readonly intValue: string }
    | { readonly doubleValue: number }
    | { readonly boolValue: boolean };
}

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: readonly Attribute[] }[];
  readonly status: { readonly code: number; readonly message?: string };
}

const CLIENT = 3;
const STATUS_UNSET = 0;
const STATUS_ERROR = 2;

/** What the conventions call the things that are asked for; responses and messages are chats here. */
const OPERATIONS: Readonly<Record<string, string>> = {
  "/chat/completions": "chat",
  "/completions": "text_completion",
  "/embeddings": "embeddings",
};

/**
 * A request as OpenTelemetry's conventions for generative AI name it (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/), and under
 * `pulmu.` what they have no names for: joules, carbon, place. Prompts and answers are not in it. A request that gave way to the grid is
 * linked to the trace of the grid's message.
 */
export function genAiSpan(seen: SeenRequest): Span {
  const { ask, spec, usage, energy, waitedMs, because, error, left } = seen;
  const trace = parseTraceparent(seen.traceparent)!;
  const parent = parseTraceparent(seen.parent);
  const cause = parseTraceparent(because);
  const operation = OPERATIONS[seen.path] ?? "chat";
  const failed = error ?? (left ? "client_closed" : undefined);
  return {
    traceId: trace.traceId,
    spanId: trace.spanId,
    ...(parent !== undefined && { parentSpanId: parent.spanId }),
    name: ask === undefined ? operation : `${operation} ${ask.modelId}`,
    kind: CLIENT,
    startTimeUnixNano: `${seen.startMs}000000`,
    endTimeUnixNano: `${Math.max(seen.startMs, seen.endMs)}000000`,
    attributes: attributes({
      "gen_ai.operation.name": operation,
      "gen_ai.provider.name": "pulmu",
      "gen_ai.request.model": ask?.modelId,
      "gen_ai.request.max_tokens": ask?.maxOutputTokens,
      "gen_ai.response.model": spec?.modelVersion,
      "gen_ai.usage.input_tokens": usage?.promptTokens,
      "gen_ai.usage.cache_read.input_tokens": usage?.cachedTokens,
      "gen_ai.usage.output_tokens": usage?.outputTokens,
      "error.type": failed,
      "pulmu.request.id": seen.requestId,
      "pulmu.tenant": seen.tenantId,
      "pulmu.project": seen.projectId,
      "pulmu.stream": ask?.streamed,
      "pulmu.queued_ms": waitedMs,
      "pulmu.site": spec?.place.site,
      "pulmu.jurisdiction": spec?.place.jurisdiction,
      "pulmu.simulated": spec?.simulated,
      "pulmu.energy.joules": energy && double(energy.facilityJ),
      "pulmu.energy.basis": energy?.basis,
      "pulmu.carbon.grams": energy && double(energy.carbonG),
    }),
    ...(cause !== undefined && {
      links: [{ traceId: cause.traceId, spanId: cause.spanId, attributes: attributes({ "pulmu.link": "curtailment" }) }],
    }),
    status: failed === undefined ? { code: STATUS_UNSET } : { code: STATUS_ERROR, message: failed },
  };
}

/** A number that is a measure, even where it happens to be whole. */
function double(value: number): { readonly doubleValue: number } {
  return { doubleValue: value };
}

type Plain = string | number | boolean | { readonly doubleValue: number } | undefined;

function attributes(named: Readonly<Record<string, Plain>>): Attribute[] {
  return Object.entries(named).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: valueOf(value) }]));
}

function valueOf(value: Exclude<Plain, undefined>): Attribute["value"] {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return typeof value === "number" ? { intValue: String(value) } : value;
}
