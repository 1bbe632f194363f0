import { isObject, type JsonObject } from "../../http/read-body.ts";
import type { Script } from "./script.ts";

/** An answer in OpenAI's API, in one piece and as a stream. */
export interface Written {
  readonly promptTokens: number;
  /** Of all choices: each of `events` makes its part of them. */
  readonly outputTokens: number;
  readonly whole: JsonObject;
  readonly stream: { readonly first: string; readonly last: string };
  readonly events: readonly string[];
}

const event = (data: JsonObject | string) => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

function usageOf({ promptTokens }: Script, made: number): JsonObject {
  return { prompt_tokens: promptTokens, completion_tokens: made, total_tokens: promptTokens + made };
}

/** The count so far with each event, as vLLM gives it to who asks for it. */
function runningUsage(body: JsonObject, script: Script): (made: number) => JsonObject {
  const options = body["stream_options"];
  const wanted = isObject(options) && options["continuous_usage_stats"] === true;
  return (made) => (wanted ? { usage: usageOf(script, made) } : {});
}

export function writeChat(id: string, created: number, body: JsonObject, script: Script): Written {
  const { tokens, tool, finish } = script;
  const { model } = body;
  const text = tokens.join("");
  const choices = typeof body["n"] === "number" ? body["n"] : 1;
  const usage = usageOf(script, tokens.length * choices);
  const running = runningUsage(body, script);
  const call = { id: `call_${id}`, type: "function", function: { name: tool, arguments: text } };
  const message =
    tool === undefined
      ? { role: "assistant", content: text, refusal: null }
      : { role: "assistant", content: null, refusal: null, tool_calls: [call] };
  const logprobs =
    body["logprobs"] === true ? { content: tokens.map((token) => logprobOf(token, body["top_logprobs"])), refusal: null } : null;
  const answer = (index: number) => ({ index, message, logprobs, finish_reason: finish });
  const base = { id, object: "chat.completion.chunk", created, model };
  const part = (made: number, index: number, delta: object, reason: string | null, token?: string) => ({
    ...base,
    ...running(made * choices),
    choices: [
      {
        index,
        delta,
        logprobs: token !== undefined && logprobs !== null ? { content: [logprobOf(token, body["top_logprobs"])], refusal: null } : null,
        finish_reason: reason,
      },
    ],
  });
  const all = Array.from({ length: choices }, (_, index) => index);
  const opening =
    tool === undefined ? { role: "assistant", content: "" } : { role: "assistant", content: null, tool_calls: [{ index: 0, ...call, function: { name: tool, arguments: "" } }] }; // prettier-ignore
  const token = (piece: string) =>
    tool === undefined ? { content: piece } : { tool_calls: [{ index: 0, function: { arguments: piece } }] };
  return {
    promptTokens: script.promptTokens,
    outputTokens: tokens.length * choices,
    whole: { id, object: "chat.completion", created, model, choices: all.map(answer), usage },
    stream: {
      first: all.map((index) => event(part(0, index, opening, null))).join(""),
      last:
        all.map((index) => event(part(tokens.length, index, {}, finish))).join("") +
        event({ ...base, choices: [], usage }) +
        event("[DONE]"),
    },
    events: tokens.map((piece, i) => all.map((index) => event(part(i + 1, index, token(piece), null, piece))).join("")),
  };
}

function logprobOf(token: string, top: unknown): JsonObject {
  const one = { token, logprob: -0.5, bytes: [...Buffer.from(token)] };
  return { ...one, top_logprobs: Array.from({ length: typeof top === "number" ? top : 0 }, (_, i) => ({ ...one, logprob: -0.5 - i })) };
}

export function writeCompletion(id: string, created: number, body: JsonObject, script: Script): Written {
  const base = { id, object: "text_completion", created, model: body["model"] };
  const choice = (text: string, finish: string | null) => ({ index: 0, text, logprobs: null, finish_reason: finish });
  const usage = usageOf(script, script.tokens.length);
  const running = runningUsage(body, script);
  return {
    promptTokens: script.promptTokens,
    outputTokens: script.tokens.length,
    whole: { ...base, choices: [choice(script.tokens.join(""), script.finish)], usage },
    stream: {
      first: "",
      last: event({ ...base, choices: [choice("", script.finish)] }) + event({ ...base, choices: [], usage }) + event("[DONE]"),
    },
    events: script.tokens.map((text, i) => event({ ...base, ...running(i + 1), choices: [choice(text, null)] })),
  };
}
