import { isObject, type JsonObject } from "../http/read-body.ts";
import { invalid } from "../refusal.ts";
import type { HistoryItem } from "./library.ts";
import type { LlamaEngine, Sampling } from "./llama-engine.ts";

/** Tokens of an answer to who does not say. */
const DEFAULT_MAX_TOKENS = 1_024;

/** A chat's messages as llama.cpp takes them. @throws Refusal 400 */
export function historyOf(messages: unknown): readonly HistoryItem[] {
  if (!Array.isArray(messages) || messages.length === 0) throw invalid("messages", "'messages' is a list of messages.");
  return messages.map((message, i): HistoryItem => {
    const { role, content } = isObject(message) ? message : {};
    const text = textOf(content, `messages[${i}].content`);
    if (role === "assistant") return { type: "model", response: [text] };
    if (role === "user") return { type: "user", text };
    if (role === "system" || role === "developer") return { type: "system", text };
    throw invalid(`messages[${i}].role`, "This engine takes messages of system, user and assistant.");
  });
}

function textOf(content: unknown, path: string): string {
  if (typeof content === "string") return content;
  const parts = Array.isArray(content) ? content : [];
  if (parts.length > 0 && parts.every((part) => isObject(part) && typeof part["text"] === "string"))
    return parts.map((part) => (part as { text: string }).text).join("");
  throw invalid(path, "This engine reads text alone.");
}

/** How an answer is to be made; what this engine cannot do is refused by name. @throws Refusal 400 */
export async function samplingOf(body: JsonObject, engine: LlamaEngine): Promise<Sampling> {
  for (const name of ["tools", "functions", "logprobs", "audio"])
    if (body[name] !== undefined && body[name] !== null && body[name] !== false) throw invalid(name, `This engine has no '${name}'.`);
  if (typeof body["n"] === "number" && body["n"] !== 1) throw invalid("n", "This engine makes one answer to a request.");
  const number = (name: string) => (typeof body[name] === "number" ? body[name] : undefined);
  const { stop } = body;
  return {
    maxTokens: number("max_completion_tokens") ?? number("max_tokens") ?? DEFAULT_MAX_TOKENS,
    temperature: number("temperature") ?? 1,
    topP: number("top_p"),
    seed: number("seed"),
    stop: typeof stop === "string" ? [stop] : Array.isArray(stop) ? stop.filter((one) => typeof one === "string") : [],
    grammar: await grammarOf(body["response_format"], engine),
  };
}

function grammarOf(format: unknown, engine: LlamaEngine) {
  if (!isObject(format) || format["type"] === "text") return undefined;
  if (format["type"] === "json_object") return engine.grammar(undefined);
  const schema = isObject(format["json_schema"]) ? format["json_schema"]["schema"] : undefined;
  if (!isObject(schema)) throw invalid("response_format", "A JSON schema is an object.");
  return engine.grammar(schema).catch((error: Error) => {
    throw invalid("response_format", `llama.cpp has no grammar for this schema: ${error.message}`);
  });
}
