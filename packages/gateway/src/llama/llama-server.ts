import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isObject, type JsonObject, parseObject, readBody } from "../http/read-body.ts";
import { invalid, openAiError, Refusal } from "../refusal.ts";
import type { EnergyMeter, MeteredWork } from "./energy-meter.ts";
import type { Token } from "./library.ts";
import type { Generation, LlamaEngine } from "./llama-engine.ts";
import { historyOf, samplingOf } from "./llama-requests.ts";

export interface LlamaServerOptions {
  /** Of this machine; undefined: it has none, and answers say nothing of energy. */
  readonly meter?: EnergyMeter | undefined;
  readonly modelId: string;
  /** Epoch ms. */
  readonly now: () => number;
  /** Told of what should not happen. */
  readonly onDefect: (error: unknown) => void;
}

const MAX_BODY_BYTES = 8 * 1024 * 1024;
const MAX_DEPTH = 64;
const DONE = "data: [DONE]\n\n";

/** How an API writes an answer: of chats or of plain completions. */
interface Form {
  readonly object: string;
  readonly chunk: string;
  /** First of a stream. */
  readonly opening: JsonObject | undefined;
  choice(text: string, finish: string | null): JsonObject;
  part(text: string, finish: string | null): JsonObject;
}

const CHAT: Form = {
  object: "chat.completion",
  chunk: "chat.completion.chunk",
  opening: { index: 0, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null },
  choice: (content, finish) => ({
    index: 0,
    message: { role: "assistant", content, refusal: null },
    logprobs: null,
    finish_reason: finish,
  }),
  part: (content, finish) => ({ index: 0, delta: finish === null ? { content } : {}, logprobs: null, finish_reason: finish }),
};

const COMPLETION: Form = {
  object: "text_completion",
  chunk: "text_completion",
  opening: undefined,
  choice: (text, finish) => ({ index: 0, text, logprobs: null, finish_reason: finish }),
  part: (text, finish) => ({ index: 0, text, logprobs: null, finish_reason: finish }),
};

/**
 * A model behind OpenAI's API, as vLLM and llama-server have it: an upstream for gateways, without keys of its own, so that it listens
 * where only they can reach it. It runs in a process of its own: what native code does there, no key is near.
 */
export class LlamaServer {
  readonly #engine: LlamaEngine;
  readonly #options: LlamaServerOptions;
  readonly #server: Server;
  #answers = 0;

  constructor(engine: LlamaEngine, options: LlamaServerOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async listen(host: string, port: number): Promise<AddressInfo> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject).listen(port, host, resolve);
    await promise;
    return this.#server.address() as AddressInfo;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const left = new AbortController();
    response.on("close", () => left.abort());
    response.on("error", () => {});
    try {
      await this.#route(request, response, left.signal);
    } catch (error) {
      if (!(error instanceof Refusal)) this.#options.onDefect(error);
      const refusal =
        error instanceof Refusal
          ? error
          : new Refusal("A defect of the engine.", { status: 500, type: "server_error", code: "internal_error" });
      if (response.headersSent) response.destroy();
      else sendJson(response, refusal.details.status, openAiError(refusal));
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const [path] = request.url!.split("?", 1);
    const { modelId, now } = this.#options;
    if (request.method === "GET" && path === "/health") return sendJson(response, 200, { status: "ok" });
    if (request.method === "GET" && path === "/v1/models")
      return sendJson(response, 200, {
        object: "list",
        data: [{ id: modelId, object: "model", created: Math.floor(now() / 1_000), owned_by: "llama.cpp" }],
      });
    if (request.method !== "POST" || !/^\/v1\/(chat\/completions|completions|embeddings)$/.test(path))
      throw new Refusal("Unknown request URL.", { status: 404, type: "invalid_request_error", code: "unknown_url" });
    const body = parseObject(await readBody(request, MAX_BODY_BYTES), MAX_DEPTH);
    if (path === "/v1/embeddings") return this.#embed(body, response);
    const chat = path === "/v1/chat/completions";
    const tokens = chat ? this.#engine.chatTokens(historyOf(body["messages"])) : this.#engine.tokenize(promptOf(body["prompt"]));
    await this.#answer(body, chat ? CHAT : COMPLETION, tokens, response, signal);
  }

  async #answer(body: JsonObject, form: Form, tokens: readonly Token[], response: ServerResponse, signal: AbortSignal): Promise<void> {
    const sampling = await samplingOf(body, this.#engine);
    const room = this.#engine.contextTokens - tokens.length;
    if (tokens.length === 0) throw invalid("prompt", "An empty prompt has no answer.");
    if (room < 1)
      throw invalid(
        "messages",
        `The prompt has ${tokens.length} tokens, the model takes ${this.#engine.contextTokens}.`,
        "context_length_exceeded",
      );
    if (this.#engine.full)
      throw new Refusal("Too many requests wait.", { status: 503, type: "server_error", code: "overloaded", retryAfterS: 1 });
    const maxTokens = Math.min(sampling.maxTokens, room);
    const salt = typeof body["cache_salt"] === "string" ? body["cache_salt"] : "";
    const generation = await this.#engine.generate(tokens, { ...sampling, maxTokens }, salt, signal);
    if (generation === undefined) return;
    const base = {
      id: `${form.object}-${(++this.#answers).toString(36)}`,
      created: Math.floor(this.#options.now() / 1_000),
      model: this.#options.modelId,
    };
    const work = this.#options.meter?.begin();
    const usage = (made: number) => usageOf(generation, made, work);
    try {
      await (body["stream"] === true
        ? this.#stream(body, form, base, generation, usage, response)
        : this.#whole(form, base, generation, usage, response));
    } finally {
      work?.end();
      await generation.pieces.return({ reason: "stop", rest: "" }); // whatever happened, its slot is free
    }
  }

  async #whole(form: Form, base: JsonObject, generation: Generation, usage: UsageSoFar, response: ServerResponse): Promise<void> {
    let text = "";
    let made = 0;
    for (;;) {
      const next = await generation.pieces.next();
      if (next.done === true) {
        const { reason, rest } = next.value;
        return sendJson(response, 200, {
          ...base,
          object: form.object,
          choices: [form.choice(text + rest, reason)],
          usage: usage(made),
        });
      }
      text += next.value;
      made++;
    }
  }

  async #stream(
    body: JsonObject,
    form: Form,
    base: JsonObject,
    generation: Generation,
    usage: UsageSoFar,
    response: ServerResponse,
  ): Promise<void> {
    const options = isObject(body["stream_options"]) ? body["stream_options"] : {};
    const running = options["continuous_usage_stats"] === true;
    let made = 0;
    const send = (choices: readonly JsonObject[], counted: boolean) =>
      response.write(`data: ${JSON.stringify({ ...base, object: form.chunk, choices, ...(counted && { usage: usage(made) }) })}\n\n`);
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
    if (form.opening !== undefined) send([form.opening], running);
    for (;;) {
      const next = await generation.pieces.next();
      if (next.done === true) {
        const { reason, rest } = next.value;
        if (rest !== "") send([form.part(rest, null)], running);
        send([form.part("", reason)], running);
        break;
      }
      made++;
      if (!send([form.part(next.value, null)], running)) await drained(response);
    }
    if (options["include_usage"] === true) send([], true);
    response.end(DONE);
  }

  async #embed(body: JsonObject, response: ServerResponse): Promise<void> {
    const { input } = body;
    const inputs = Array.isArray(input) ? input : [input];
    if (inputs.length === 0 || !inputs.every((one) => typeof one === "string")) throw invalid("input", "This engine embeds texts.");
    const work = this.#options.meter?.begin();
    let promptTokens = 0;
    const data: JsonObject[] = [];
    try {
      for (const [index, text] of (inputs as string[]).entries()) {
        const { vector, tokens } = await this.#engine.embed(text);
        promptTokens += tokens;
        const embedding = body["encoding_format"] === "base64" ? Buffer.from(Float32Array.from(vector).buffer).toString("base64") : vector;
        data.push({ object: "embedding", index, embedding });
      }
    } finally {
      work?.end();
    }
    const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens, ...(work !== undefined && { energy_joules: work.joules }) };
    sendJson(response, 200, { object: "list", data, model: this.#options.modelId, usage });
  }
}

/** What an answer has used when it has made so many tokens. */
type UsageSoFar = (made: number) => JsonObject;

function usageOf({ promptTokens, cachedTokens }: Generation, made: number, work: MeteredWork | undefined): JsonObject {
  return {
    ...(work !== undefined && { energy_joules: work.joules }),
    prompt_tokens: promptTokens,
    completion_tokens: made,
    total_tokens: promptTokens + made,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}

function promptOf(prompt: unknown): string {
  if (typeof prompt !== "string") throw invalid("prompt", "This engine takes a prompt of text.");
  return prompt;
}

/** Until the reader has taken what was written, or has gone. */
function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => {
    response.off("drain", done).off("close", done);
    resolve();
  };
  response.on("drain", done).on("close", done);
  return promise;
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
