import { invalid } from "../../refusal.ts";
import type { JsonObject } from "../../http/read-body.ts";
import {
  anyOf,
  type Check,
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
  shape,
  text,
  whole,
} from "../fields.ts";

const MAX_ITEMS = 10_000;

const part = shape({ type: oneOf("input_text", "input_image", "output_text", "refusal", "text"), text, image_url: orNull(text) }, "type");
const content = anyOf("a string or a list of parts", [isText, text], [isList, list(part, 0, MAX_ITEMS)]);

const ITEMS: Readonly<Record<string, Check>> = {
  message: shape({ role: oneOf("user", "assistant", "system", "developer"), content }, "role", "content"),
  function_call: shape({ call_id: filledText, name: filledText, arguments: text }, "call_id", "name", "arguments"),
  function_call_output: shape({ call_id: filledText, output: content }, "call_id", "output"),
  reasoning: object,
};

const item: Check = (value, path) => {
  if (!isObject(value)) throw invalid(path, `Invalid type for '${path}': expected an object.`, "invalid_type");
  const type = value["type"] ?? "message";
  oneOf(...Object.keys(ITEMS))(type, `${path}.type`);
  ITEMS[type as string](value, path);
};

const tool: Check = (value, path) => {
  shape({ type: filledText, name: filledText, parameters: orNull(object), strict: orNull(flag), description: orNull(text) }, "type")(
    value,
    path,
  );
  const { type, name } = value as JsonObject;
  if (type !== "function")
    throw invalid(
      `${path}.type`,
      `The tool '${String(type).slice(0, 40)}' runs at OpenAI; here there are tools of type 'function'.`,
      "unsupported_value",
    );
  if (name === undefined) throw invalid(`${path}.name`, `Missing required parameter: '${path}.name'.`, "missing_required_parameter");
};

/** Nothing is kept between requests, so nothing can be continued by name. */
const notKept: Check = (value, path) => {
  if (value !== null) throw invalid(path, `'${path}' is not supported: answers are not kept here. Send the earlier items as input.`, "unsupported_parameter"); // prettier-ignore
};

/** Of https://platform.openai.com/docs/api-reference/responses/create, what can be asked of any model. */
export const RESPONSE_FIELDS: Fields = {
  model: filledText,
  input: anyOf("a string or a list of items", [isText, text], [isList, list(item, 1, MAX_ITEMS)]),
  instructions: orNull(text),
  max_output_tokens: orNull(whole(1, 10_000_000)),
  stream: orNull(flag),
  temperature: orNull(number(0, 2)),
  top_p: orNull(number(0, 1)),
  top_logprobs: orNull(whole(0, 20)),
  tools: list(tool, 0, 1_024),
  tool_choice: anyOf("none, auto, required or an object", [isText, oneOf("none", "auto", "required")], [isObject, shape({ type: oneOf("function"), name: filledText }, "type", "name")]), // prettier-ignore
  parallel_tool_calls: orNull(flag),
  text: shape({ format: shape({ type: oneOf("text", "json_object", "json_schema"), name: filledText, schema: object }, "type") }),
  reasoning: orNull(object),
  metadata: orNull(object),
  store: orNull(flag),
  service_tier: orNull(oneOf("auto", "default", "flex", "scale", "priority")),
  previous_response_id: notKept,
  conversation: notKept,
  prompt: notKept,
  background: (value, path) => {
    if (value === true) throw invalid(path, "'background' is not supported; use /v1/batches.", "unsupported_parameter");
  },
};

/** A request of the responses API as a chat completion. */
export function toChat(body: JsonObject): JsonObject {
  const { input, instructions, tools, tool_choice: choice, text: wanted, reasoning } = body;
  const items: JsonObject[] = typeof input === "string" ? [{ role: "user", content: input }] : (input as JsonObject[]);
  const chat: JsonObject = {
    model: body["model"],
    messages: [...(typeof instructions === "string" ? [{ role: "system", content: instructions }] : []), ...toMessages(items)],
  };
  if (typeof body["max_output_tokens"] === "number") chat["max_completion_tokens"] = body["max_output_tokens"];
  for (const name of ["stream", "temperature", "top_p", "parallel_tool_calls", "user", "safety_identifier", "prompt_cache_key"])
    if (body[name] !== undefined && body[name] !== null) chat[name] = body[name];
  if (Array.isArray(tools) && tools.length > 0)
    chat["tools"] = (tools as JsonObject[]).map(({ type, ...definition }) => ({ type, function: withoutNulls(definition) }));
  if (choice !== undefined) chat["tool_choice"] = isObject(choice) ? { type: "function", function: { name: choice["name"] } } : choice;
  if (isObject(reasoning) && typeof reasoning["effort"] === "string") chat["reasoning_effort"] = reasoning["effort"];
  const format = isObject(wanted) && isObject(wanted["format"]) ? wanted["format"] : undefined;
  if (format !== undefined) {
    const { type, ...schema } = format;
    chat["response_format"] = type === "json_schema" ? { type, json_schema: schema } : { type };
  }
  return chat;
}

function withoutNulls(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null));
}

/** Calls that stand after each other belong to one message of the assistant. */
function toMessages(items: readonly JsonObject[]): JsonObject[] {
  const messages: JsonObject[] = [];
  let calls: JsonObject[] | undefined;
  for (const entry of items) {
    const type = entry["type"] ?? "message";
    if (type === "function_call") {
      if (calls === undefined) messages.push({ role: "assistant", content: null, tool_calls: (calls = []) });
      calls.push({ id: entry["call_id"], type: "function", function: { name: entry["name"], arguments: entry["arguments"] } });
      continue;
    }
    if (type === "reasoning") continue; // a thought of an earlier answer: models are not shown it again
    calls = undefined;
    if (type === "function_call_output")
      messages.push({ role: "tool", tool_call_id: entry["call_id"], content: toContent(entry["output"]) });
    else messages.push({ role: entry["role"], content: toContent(entry["content"]) });
  }
  return messages;
}

function toContent(said: unknown): unknown {
  if (!Array.isArray(said)) return said;
  const parts = (said as JsonObject[]).map((piece) =>
    piece["type"] === "input_image"
      ? { type: "image_url", image_url: { url: piece["image_url"] } }
      : { type: "text", text: piece["text"] ?? piece["refusal"] ?? "" },
  );
  return parts.every(({ type }) => type === "text") ? parts.map((piece) => piece.text).join("") : parts;
}
