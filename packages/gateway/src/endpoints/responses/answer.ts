import type { JsonObject } from "../../http/read-body.ts";
import type { Usage } from "../../metering/usage.ts";
import { type ChatAnswer, readChatAnswer } from "../chat-answer.ts";
import type { StreamTranslator } from "../endpoint.ts";

function writeUsage(usage: Usage | undefined, extra: JsonObject): JsonObject {
  const { promptTokens, cachedTokens, outputTokens } = usage ?? { promptTokens: 0, cachedTokens: 0, outputTokens: 0 };
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + outputTokens,
    ...extra,
  };
}

/** What an answer repeats of its request, and what is still open. */
function frame(id: string, createdS: number, body: JsonObject): JsonObject {
  return {
    id: `resp_${id}`,
    object: "response",
    created_at: createdS,
    status: "in_progress",
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body["instructions"] ?? null,
    max_output_tokens: body["max_output_tokens"] ?? null,
    metadata: body["metadata"] ?? {},
    model: body["model"],
    output: [],
    parallel_tool_calls: body["parallel_tool_calls"] ?? true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null, ...(body["reasoning"] as JsonObject | null | undefined) },
    store: false,
    temperature: body["temperature"] ?? 1,
    text: body["text"] ?? { format: { type: "text" } },
    tool_choice: body["tool_choice"] ?? "auto",
    tools: body["tools"] ?? [],
    top_p: body["top_p"] ?? 1,
    truncation: "disabled",
  };
}

function ended(finish: string | undefined): JsonObject {
  if (finish === "length") return { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } };
  if (finish === "content_filter") return { status: "incomplete", incomplete_details: { reason: "content_filter" } };
  return { status: "completed" };
}

const textPart = (text: string): JsonObject => ({ type: "output_text", text, annotations: [], logprobs: [] });

function messageItem(id: string, text: string, status: string): JsonObject {
  return { id: `msg_${id}`, type: "message", status, role: "assistant", content: status === "in_progress" ? [] : [textPart(text)] };
}

function callItem({ id, name, args }: { readonly id: string; readonly name: string; readonly args: string }, status: string): JsonObject {
  return { id: `fc_${id}`, type: "function_call", status, call_id: id, name, arguments: args };
}

/** A chat completion as a response. */
export function toResponse(answer: JsonObject, body: JsonObject, extra: JsonObject): JsonObject {
  const { id, createdS, text, calls, finish, usage } = readChatAnswer(answer);
  const output = [
    ...(text === "" && calls.length > 0 ? [] : [messageItem(id, text, finish === "length" ? "incomplete" : "completed")]),
    ...calls.map((call) => callItem(call, "completed")),
  ];
  return { ...frame(id, createdS, body), ...ended(finish), output, usage: writeUsage(usage, extra) };
}

/** An item of the output that is being written. */
interface OpenItem {
  readonly name: string;
  readonly itemId: string;
  readonly call: { readonly id: string; readonly name: string } | undefined;
  text: string;
}

/** The stream of a chat completion as the events of a response: items that are added, grow and are done. */
export class ResponseStream implements StreamTranslator {
  readonly #body: JsonObject;
  #frame: JsonObject | undefined;
  #id = "";
  #sequence = 0;
  #open: OpenItem | undefined;
  readonly #output: JsonObject[] = [];
  #finish: string | undefined;

  constructor(body: JsonObject) {
    this.#body = body;
  }

  event(data: JsonObject): string {
    const answer = readChatAnswer(data);
    let out = this.#begin(answer);
    if (answer.text !== "") {
      out += this.#openText();
      this.#open!.text += answer.text;
      out += this.#event("response.output_text.delta", { ...this.#place(), content_index: 0, delta: answer.text, logprobs: [] });
    }
    for (const call of answer.calls) {
      out += this.#openCall(`call ${call.index}`, call);
      if (call.args === "") continue;
      this.#open!.text += call.args;
      out += this.#event("response.function_call_arguments.delta", { ...this.#place(), delta: call.args });
    }
    this.#finish ??= answer.finish;
    return out;
  }

  end(usage: Usage | undefined, extra: JsonObject): string {
    const begun = this.#begin({ id: "", createdS: 0 });
    const closed = (this.#output.length === 0 && this.#open === undefined ? this.#openText() : "") + this.#close();
    const end = ended(this.#finish);
    const response = { ...this.#frame, ...end, output: this.#output, usage: writeUsage(usage, extra) };
    return begun + closed + this.#event(`response.${String(end["status"])}`, { response });
  }

  #begin({ id, createdS }: Pick<ChatAnswer, "id" | "createdS">): string {
    if (this.#frame !== undefined) return "";
    this.#id = id;
    const response = (this.#frame = frame(id, createdS, this.#body));
    return this.#event("response.created", { response }) + this.#event("response.in_progress", { response });
  }

  #openText(): string {
    if (this.#open?.name === "text") return "";
    const closed = this.#close();
    const item = messageItem(this.#id, "", "in_progress");
    this.#open = { name: "text", itemId: item["id"] as string, call: undefined, text: "" };
    return (
      closed +
      this.#event("response.output_item.added", { output_index: this.#output.length, item }) +
      this.#event("response.content_part.added", { ...this.#place(), content_index: 0, part: textPart("") })
    );
  }

  #openCall(name: string, call: { readonly id: string; readonly name: string }): string {
    if (this.#open?.name === name) return "";
    const closed = this.#close();
    this.#open = { name, itemId: `fc_${call.id}`, call, text: "" };
    const item = callItem({ ...call, args: "" }, "in_progress");
    return closed + this.#event("response.output_item.added", { output_index: this.#output.length, item });
  }

  #close(): string {
    if (this.#open === undefined) return "";
    const { call, text } = this.#open;
    const place = this.#place();
    const item = call === undefined ? messageItem(this.#id, text, "completed") : callItem({ ...call, args: text }, "completed");
    const done =
      call === undefined
        ? this.#event("response.output_text.done", { ...place, content_index: 0, text, logprobs: [] }) +
          this.#event("response.content_part.done", { ...place, content_index: 0, part: textPart(text) })
        : this.#event("response.function_call_arguments.done", { ...place, name: call.name, arguments: text });
    const closed = done + this.#event("response.output_item.done", { output_index: this.#output.length, item });
    this.#output.push(item);
    this.#open = undefined;
    return closed;
  }

  #place(): JsonObject {
    return { item_id: this.#open!.itemId, output_index: this.#output.length };
  }

  #event(type: string, data: JsonObject): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#sequence++, ...data })}\n\n`;
  }
}
