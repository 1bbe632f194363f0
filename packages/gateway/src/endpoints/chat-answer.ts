import { isObject, type JsonObject } from "../http/read-body.ts";
import { readUsage, type Usage } from "../metering/usage.ts";

/** A tool call as chat completions give it, whole or as a piece of a stream. */
export interface ToolCall {
  readonly index: number;
  readonly id: string;
  readonly name: string;
  readonly args: string;
}

/** The first choice of a chat completion, or of one chunk of its stream, in plain words. */
export interface ChatAnswer {
  readonly id: string;
  readonly createdS: number;
  readonly text: string;
  readonly calls: readonly ToolCall[];
  readonly finish: string | undefined;
  readonly usage: Usage | undefined;
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

export function readChatAnswer(answer: JsonObject): ChatAnswer {
  const choice: unknown = Array.isArray(answer["choices"]) ? answer["choices"][0] : undefined;
  const said = isObject(choice) ? (choice["message"] ?? choice["delta"]) : undefined;
  const calls = isObject(said) && Array.isArray(said["tool_calls"]) ? (said["tool_calls"] as unknown[]).filter(isObject) : [];
  return {
    id: textOf(answer["id"]),
    createdS: Number(answer["created"] ?? 0),
    text: isObject(said) ? textOf(said["content"]) : "",
    calls: calls.map((call, i) => {
      const called = isObject(call["function"]) ? call["function"] : {};
      return { index: Number(call["index"] ?? i), id: textOf(call["id"]), name: textOf(called["name"]), args: textOf(called["arguments"]) };
    }),
    finish: isObject(choice) && typeof choice["finish_reason"] === "string" ? choice["finish_reason"] : undefined,
    usage: readUsage(answer["usage"]),
  };
}
