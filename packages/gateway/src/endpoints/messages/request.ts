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
  shape,
  text,
  whole,
} from "../fields.ts";

const MAX_BLOCKS = 10_000;

const source = anyOf("an image source", [
  isObject,
  (value, path) => {
    const { type } = value as JsonObject;
    if (type === "base64") shape({ media_type: filledText, data: filledText }, "media_type", "data")(value, path);
    else if (type === "url") shape({ url: filledText }, "url")(value, path);
    else throw invalid(`${path}.type`, `Invalid value for '${path}.type': expected base64 or url.`);
  },
]);

const BLOCKS: Readonly<Record<string, Check>> = {
  text: shape({ text }, "text"),
  image: shape({ source }, "source"),
  tool_use: shape({ id: filledText, name: filledText, input: object }, "id", "name", "input"),
  tool_result: shape({ tool_use_id: filledText, is_error: flag }, "tool_use_id"),
  thinking: object,
  redacted_thinking: object,
};

const block: Check = (value, path) => {
  shape({ type: oneOf(...Object.keys(BLOCKS)) }, "type")(value, path);
  BLOCKS[(value as JsonObject)["type"] as string](value, path);
};
const blocks = anyOf("a string or a list of blocks", [isText, text], [isList, list(block, 0, MAX_BLOCKS)]);

/** Of https://docs.anthropic.com/en/api/messages, what can be asked of any model. */
export const MESSAGE_FIELDS: Fields = {
  model: filledText,
  max_tokens: whole(1, 10_000_000),
  messages: list(shape({ role: oneOf("user", "assistant"), content: blocks }, "role", "content"), 1, MAX_BLOCKS),
  system: blocks,
  stream: flag,
  temperature: number(0, 1),
  top_p: number(0, 1),
  top_k: whole(0, 1_000_000),
  stop_sequences: list(text, 0, 64),
  tools: list(shape({ name: filledText, description: text, input_schema: object }, "name"), 0, 1_024),
  tool_choice: shape({ type: oneOf("auto", "any", "tool", "none"), name: filledText, disable_parallel_tool_use: flag }, "type"),
  metadata: object,
};

/** A request in Anthropic's words as a chat completion. */
export function toChat(body: JsonObject): JsonObject {
  const { system, tools, tool_choice: choice } = body;
  const chat: JsonObject = {
    model: body["model"],
    messages: [
      ...(system === undefined ? [] : [{ role: "system", content: plainText(system) }]),
      ...(body["messages"] as JsonObject[]).flatMap(toChatMessages),
    ],
    max_tokens: body["max_tokens"],
  };
  for (const name of ["stream", "temperature", "top_p", "top_k"]) if (body[name] !== undefined) chat[name] = body[name];
  if (Array.isArray(body["stop_sequences"]) && body["stop_sequences"].length > 0) chat["stop"] = body["stop_sequences"];
  if (Array.isArray(tools) && tools.length > 0) chat["tools"] = (tools as JsonObject[]).map(toChatTool);
  if (isObject(choice)) {
    const names = { auto: "auto", any: "required", none: "none" } as Record<string, string>;
    chat["tool_choice"] = names[choice["type"] as string] ?? { type: "function", function: { name: choice["name"] } };
    if (choice["disable_parallel_tool_use"] === true) chat["parallel_tool_calls"] = false;
  }
  const user = isObject(body["metadata"]) ? body["metadata"]["user_id"] : undefined;
  if (typeof user === "string") chat["user"] = user;
  return chat;
}

function toChatTool({ name, description, input_schema: parameters }: JsonObject): JsonObject {
  return {
    type: "function",
    function: { name, ...(description === undefined ? {} : { description }), parameters: parameters ?? { type: "object" } },
  };
}

/** One message may be several: results of tools stand on their own. */
function toChatMessages({ role, content }: JsonObject): JsonObject[] {
  if (typeof content === "string") return [{ role, content }];
  const all = content as JsonObject[];
  const results = all
    .filter(({ type }) => type === "tool_result")
    .map((result) => ({ role: "tool", tool_call_id: result["tool_use_id"], content: plainText(result["content"] ?? "") }));
  const calls = all
    .filter(({ type }) => type === "tool_use")
    .map(({ id, name, input }) => ({ id, type: "function", function: { name, arguments: JSON.stringify(input) } }));
  const parts = all.flatMap(toChatPart);
  const said = parts.every(({ type }) => type === "text") ? parts.map((part) => part["text"]).join("") : parts;
  if (role === "assistant") return [{ role, content: said === "" ? null : said, ...(calls.length === 0 ? {} : { tool_calls: calls }) }];
  return parts.length === 0 ? results : [...results, { role, content: said }];
}

function toChatPart({ type, text: said, source: from }: JsonObject): JsonObject[] {
  if (type === "text") return [{ type, text: said }];
  if (type !== "image" || !isObject(from)) return [];
  const url = from["type"] === "url" ? from["url"] : `data:${String(from["media_type"])};base64,${String(from["data"])}`;
  return [{ type: "image_url", image_url: { url } }];
}

function plainText(content: unknown): string {
  if (typeof content === "string") return content;
  return Array.isArray(content)
    ? content.map((part: unknown) => (isObject(part) && typeof part["text"] === "string" ? part["text"] : "")).join("")
    : "";
}
