import { invalid } from "../refusal.ts";
import type { JsonObject } from "../http/read-body.ts";
import type { Endpoint } from "./endpoint.ts";
import {
  anyOf,
  type Check,
  checkFields,
  type Fields,
  filledText,
  flag,
  isList,
  isObject,
  isText,
  list,
  number,
  object,
  oneOf,
  orNull,
  requireFields,
  shape,
  text,
  whole,
} from "./fields.ts";

/** Bounds of one request; beyond them it is refused. */
const MAX_MESSAGES = 10_000;
const MAX_PARTS = 2_000;
const MAX_TOOLS = 1_024;
const MAX_TOKENS = 10_000_000;
/** Characters of the first message that count as the prompt's beginning. */
const PREFIX_CHARS = 512;

const part = shape(
  {
    type: filledText,
    text,
    image_url: shape({ url: filledText, detail: oneOf("auto", "low", "high") }, "url"),
    input_audio: shape({ data: text, format: filledText }, "data", "format"),
    refusal: text,
  },
  "type",
);
const content = anyOf("a string or a list of content parts", [isText, text], [isList, list(part, 1, MAX_PARTS)]);
const toolCall = shape({ id: text, type: text, function: shape({ name: filledText, arguments: text }, "name", "arguments") }, "id", "type");
const messageFields: Fields = {
  role: oneOf("system", "developer", "user", "assistant", "tool", "function"),
  content: orNull(content),
  name: text,
  tool_calls: orNull(list(toolCall, 1, MAX_TOOLS)),
  tool_call_id: text,
  refusal: orNull(text),
};
const anyMessage = shape(messageFields, "role");

const message: Check = (value, path) => {
  anyMessage(value, path);
  const { role, content: said, tool_calls: calls, function_call: call, audio, refusal } = value as JsonObject;
  const mayBeSilent =
    role === "assistant" && (calls !== undefined || call !== undefined || audio !== undefined || typeof refusal === "string");
  if ((said === undefined || said === null) && !mayBeSilent && role !== "function")
    throw invalid(`${path}.content`, `Invalid value for '${path}.content': expected a string, got null.`, "invalid_type");
  if (role === "tool") requireIn(value as JsonObject, path, "tool_call_id");
};

function requireIn(value: JsonObject, path: string, name: string): void {
  if (value[name] === undefined) throw invalid(`${path}.${name}`, `Missing required parameter: '${path}.${name}'.`, "missing_required_parameter"); // prettier-ignore
}

const functionDefinition = shape(
  {
    name: (value, path) => {
      if (typeof value !== "string" || !/^[a-zA-Z0-9_-]{1,64}$/.test(value))
        throw invalid(path, `Invalid '${path}': 1 to 64 letters, digits, _ and -.`);
    },
    description: text,
    parameters: object,
    strict: orNull(flag),
  },
  "name",
);
const tool: Check = (value, path) => {
  shape({ type: filledText, function: functionDefinition }, "type")(value, path);
  if ((value as JsonObject)["type"] === "function") requireIn(value as JsonObject, path, "function");
};
const responseFormat: Check = (value, path) => {
  shape({ type: oneOf("text", "json_object", "json_schema"), json_schema: shape({ name: filledText, schema: object }, "name") }, "type")(
    value,
    path,
  );
  if ((value as JsonObject)["type"] === "json_schema") requireIn(value as JsonObject, path, "json_schema");
};

/** Sampling and bookkeeping that chat and plain completions share. */
export const COMMON_FIELDS: Fields = {
  model: filledText,
  stream: orNull(flag),
  stream_options: orNull(shape({ include_usage: flag, include_obfuscation: flag })),
  temperature: orNull(number(0, 2)),
  top_p: orNull(number(0, 1)),
  n: orNull(whole(1, 128)),
  seed: orNull(whole(-(2 ** 63), 2 ** 63)),
  stop: orNull(anyOf("a string or a list of strings", [isText, text], [isList, list(text, 1, 4)])),
  max_tokens: orNull(whole(0, MAX_TOKENS)),
  presence_penalty: orNull(number(-2, 2)),
  frequency_penalty: orNull(number(-2, 2)),
  logit_bias: orNull(object),
  user: text,
};

const FIELDS: Fields = {
  ...COMMON_FIELDS,
  messages: list(message, 1, MAX_MESSAGES),
  max_completion_tokens: orNull(whole(0, MAX_TOKENS)),
  logprobs: orNull(flag),
  top_logprobs: orNull(whole(0, 20)),
  response_format: responseFormat,
  tools: list(tool, 1, MAX_TOOLS),
  tool_choice: anyOf("none, auto, required or an object", [isText, oneOf("none", "auto", "required")], [isObject, shape({ type: filledText }, "type")]), // prettier-ignore
  parallel_tool_calls: flag,
  functions: list(functionDefinition, 1, 128),
  metadata: orNull(object),
  store: orNull(flag),
  reasoning_effort: orNull(filledText),
  verbosity: orNull(oneOf("low", "medium", "high")),
  service_tier: orNull(oneOf("auto", "default", "flex", "scale", "priority")),
  modalities: orNull(list(filledText, 1, 4)),
  prediction: orNull(object),
  audio: orNull(object),
  prompt_cache_key: orNull(text),
  safety_identifier: orNull(text),
};

/** `POST /v1/chat/completions`. */
export const chat: Endpoint = {
  upstreamPath: "/chat/completions",
  read(body, bytes) {
    requireFields(body, "model", "messages");
    checkFields(FIELDS, body);
    const streamed = body["stream"] === true;
    if (!streamed && isObject(body["stream_options"]))
      throw invalid("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
    if (typeof body["top_logprobs"] === "number" && body["logprobs"] !== true)
      throw invalid("top_logprobs", "'top_logprobs' needs 'logprobs' to be true.");
    return {
      modelId: body["model"] as string,
      streamed,
      promptBytes: bytes,
      flexible: body["service_tier"] === "flex",
      maxOutputTokens: mostTokens(body["max_completion_tokens"] ?? body["max_tokens"], body["n"]),
      prefix: beginning(body["messages"] as JsonObject[]),
    };
  },
  outward: withUsageAsked,
  inward(answer, body, extra) {
    return { ...answer, model: body["model"], usage: { ...(answer["usage"] as JsonObject | undefined), ...extra } };
  },
  wantsUsage,
};

/** Usage is always asked for: it is what is billed. */
export function withUsageAsked(body: JsonObject, upstreamModel: string): JsonObject {
  if (body["stream"] !== true) return { ...body, model: upstreamModel };
  return { ...body, model: upstreamModel, stream_options: { ...(body["stream_options"] as JsonObject | null), include_usage: true } };
}

export function wantsUsage(body: JsonObject): boolean {
  const options = body["stream_options"];
  return isObject(options) && options["include_usage"] === true;
}

export function mostTokens(most: unknown, choices: unknown): number | undefined {
  return typeof most === "number" ? most * (typeof choices === "number" ? choices : 1) : undefined;
}

/** How a prompt begins: for routing. */
export function beginning(messages: readonly JsonObject[]): string {
  const { content: said } = messages[0];
  if (typeof said === "string") return said.slice(0, PREFIX_CHARS);
  const first = Array.isArray(said) ? (said[0] as JsonObject)["text"] : undefined;
  return typeof first === "string" ? first.slice(0, PREFIX_CHARS) : "";
}
