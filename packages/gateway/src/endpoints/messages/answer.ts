import { isObject, type JsonObject } from "../../http/read-body.ts";
import type { Usage } from "../../metering/usage.ts";
import { readChatAnswer } from "../chat-answer.ts";
import type { StreamTranslator } from "../endpoint.ts";

const STOP_REASONS: Readonly<Record<string, string>> = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  content_filter: "refusal",
};

/** Anthropic counts what came from a cache apart. */
function writeUsage(usage: Usage | undefined, extra: JsonObject): JsonObject {
  const { promptTokens, cachedTokens, outputTokens } = usage ?? { promptTokens: 0, cachedTokens: 0, outputTokens: 0 };
  return {
    input_tokens: promptTokens - cachedTokens,
    output_tokens: outputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedTokens,
    ...extra,
  };
}

function parsedInput(args: string): unknown {
  try {
    const value: unknown = JSON.parse(args);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** A chat completion in Anthropic's words. */
export function toMessage(answer: JsonObject, model: unknown, extra: JsonObject): JsonObject {
  const { id, text, calls, finish, usage } = readChatAnswer(answer);
  return {
    id: `msg_${id}`,
    type: "message",
    role: "assistant",
    model,
    content: [
      ...(text === "" && calls.length > 0 ? [] : [{ type: "text", text, citations: null }]),
      ...calls.map((call) => ({ type: "tool_use", id: call.id, name: call.name, input: parsedInput(call.args) })),
    ],
    stop_reason: STOP_REASONS[finish ?? "stop"] ?? "end_turn",
    stop_sequence: null,
    usage: writeUsage(usage, extra),
  };
}

const event = (data: JsonObject) => `event: ${String(data["type"])}\ndata: ${JSON.stringify(data)}\n\n`;

/** The stream of a chat completion as Anthropic's events: blocks that open, grow and close. */
export class MessageStream implements StreamTranslator {
  readonly #model: unknown;
  #opened = false;
  /** Blocks so far; the last one is open when `#open` says of what. */
  #blocks = 0;
  #open: string | undefined;
  #finish = "stop";

  constructor(model: unknown) {
    this.#model = model;
  }

  event(data: JsonObject): string {
    const { id, text, calls, finish } = readChatAnswer(data);
    let out = this.#begin(id);
    if (text !== "") out += this.#block("text", { type: "text", text: "" }) + this.#delta({ type: "text_delta", text });
    for (const call of calls) {
      out += this.#block(`tool ${call.index}`, { type: "tool_use", id: call.id, name: call.name, input: {} });
      if (call.args !== "") out += this.#delta({ type: "input_json_delta", partial_json: call.args });
    }
    if (finish !== undefined) this.#finish = finish;
    return out;
  }

  end(usage: Usage | undefined, extra: JsonObject): string {
    const delta = { stop_reason: STOP_REASONS[this.#finish] ?? "end_turn", stop_sequence: null };
    return (
      this.#begin("") +
      this.#close() +
      event({ type: "message_delta", delta, usage: writeUsage(usage, extra) }) +
      event({ type: "message_stop" })
    );
  }

  #begin(id: string): string {
    if (this.#opened) return "";
    this.#opened = true;
    const usage = writeUsage(undefined, {});
    const message = { id: `msg_${id}`, type: "message", role: "assistant", model: this.#model, content: [], stop_reason: null, stop_sequence: null, usage }; // prettier-ignore
    return event({ type: "message_start", message });
  }

  #block(name: string, block: JsonObject): string {
    if (this.#open === name) return "";
    const closed = this.#close();
    this.#open = name;
    return closed + event({ type: "content_block_start", index: this.#blocks++, content_block: block });
  }

  #delta(delta: JsonObject): string {
    return event({ type: "content_block_delta", index: this.#blocks - 1, delta });
  }

  #close(): string {
    if (this.#open === undefined) return "";
    this.#open = undefined;
    return event({ type: "content_block_stop", index: this.#blocks - 1 });
  }
}
