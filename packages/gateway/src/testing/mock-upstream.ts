import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { JsonObject } from "../http/read-body.ts";

export interface MockRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: JsonObject;
  /** Fulfilled when the connection ends; true: the answer was taken whole. */
  readonly whole: Promise<boolean>;
}

export type MockAnswer = (request: MockRequest, response: ServerResponse) => unknown;

/** An OpenAI-compatible server for tests: answers as `answer` says, and remembers what it was asked. */
export class MockUpstream {
  readonly requests: MockRequest[] = [];
  answer: MockAnswer = helloAnswer;
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method === "GET") return void response.end("{}");
    const body = JSON.parse(Buffer.concat(chunks).toString()) as JsonObject;
    const whole = new Promise<boolean>((resolve) => response.on("close", () => resolve(response.writableFinished)));
    const seen: MockRequest = { path: request.url!, headers: request.headers, body, whole };
    this.requests.push(seen);
    await this.answer(seen, response);
  }
}

export const MOCK_USAGE = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12, prompt_tokens_details: { cached_tokens: 4 } };
export const TOKENS = ["안녕", "하세요", "!"];

/** What this chunk of a stream is, as OpenAI writes it. */
export function chunk(delta: object, finish: string | null = null): JsonObject {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1_800_000_000,
    model: "m",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  };
}

export const event = (data: object | string) => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

/** Answers "안녕하세요!" in three tokens. */
export function helloAnswer({ body }: MockRequest, response: ServerResponse): void {
  if (body["stream"] !== true) {
    response.setHeader("content-type", "application/json");
    const message = { role: "assistant", content: TOKENS.join(""), refusal: null };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: "stop" }];
    response.end(
      JSON.stringify({
        id: "chatcmpl-1",
        object: "chat.completion",
        created: 1_800_000_000,
        model: body["model"],
        choices,
        usage: MOCK_USAGE,
      }),
    );
    return;
  }
  response.setHeader("content-type", "text/event-stream");
  response.write(event(chunk({ role: "assistant", content: "" })));
  for (const content of TOKENS) response.write(event(chunk({ content })));
  response.write(event(chunk({}, "stop")));
  response.write(event({ ...chunk({}), choices: [], usage: MOCK_USAGE }));
  response.end(event("[DONE]"));
}
