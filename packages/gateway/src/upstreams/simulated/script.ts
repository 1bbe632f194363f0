import { isObject, type JsonObject } from "../../http/read-body.ts";
import { instanceOf } from "./schema-instance.ts";
import { answerTokens, countTokens, pieces } from "./words.ts";

/** What stands in for what a model would say. */
export interface Script {
  readonly tokens: readonly string[];
  /** A call of this tool, whose arguments the tokens are. */
  readonly tool: string | undefined;
  readonly finish: "stop" | "length" | "tool_calls";
  readonly promptTokens: number;
}

const DEFAULT_MOST_TOKENS = 1_024;

/** What is answered to a chat or completion. */
export function scriptOf(body: JsonObject): Script {
  const prompt = JSON.stringify(body["messages"] ?? body["prompt"] ?? "");
  const most = Number(body["max_completion_tokens"] ?? body["max_tokens"] ?? DEFAULT_MOST_TOKENS);
  const promptTokens = countTokens(prompt);
  const tool = wantedTool(body);
  if (tool !== undefined)
    return {
      tokens: pieces(JSON.stringify(instanceOf(tool["parameters"] ?? {}) ?? {})),
      tool: String(tool["name"]),
      finish: "tool_calls",
      promptTokens,
    };
  const format = isObject(body["response_format"]) ? body["response_format"] : {};
  if (format["type"] === "json_object") return { tokens: pieces('{"simulated": true}'), tool: undefined, finish: "stop", promptTokens };
  if (format["type"] === "json_schema") {
    const schema = isObject(format["json_schema"]) ? format["json_schema"]["schema"] : {};
    return { tokens: pieces(JSON.stringify(instanceOf(schema))), tool: undefined, finish: "stop", promptTokens };
  }
  const tokens = answerTokens(prompt, Infinity);
  return { tokens: tokens.slice(0, most), tool: undefined, finish: tokens.length > most ? "length" : "stop", promptTokens };
}

/** A tool is called where the caller insists on one. */
function wantedTool(body: JsonObject): JsonObject | undefined {
  const tools = Array.isArray(body["tools"]) ? (body["tools"] as JsonObject[]).map((tool) => tool["function"] as JsonObject) : [];
  const choice = body["tool_choice"];
  if (choice === "required") return tools[0];
  if (!isObject(choice) || !isObject(choice["function"])) return undefined;
  const { name } = choice["function"];
  return tools.find((tool) => tool["name"] === name);
}
