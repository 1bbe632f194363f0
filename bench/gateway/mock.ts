/** An upstream that costs next to nothing: the same bytes for every request. A process of its own; prints its address. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const TOKENS = 100;
const USAGE = { prompt_tokens: 200, completion_tokens: TOKENS, total_tokens: 200 + TOKENS };
const base = { id: "chatcmpl-1", created: 1_800_000_000, model: "bench" };
const message = { role: "assistant", content: "답변입니다. ".repeat(20), refusal: null };
const WHOLE = Buffer.from(
  JSON.stringify({
    ...base,
    object: "chat.completion",
    choices: [{ index: 0, message, logprobs: null, finish_reason: "stop" }],
    usage: USAGE,
  }),
);
const event = (choices: readonly object[], rest: object = {}) =>
  `data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", choices, ...rest })}\n\n`;
const TOKEN = Buffer.from(event([{ index: 0, delta: { content: "토큰" }, finish_reason: null }]));
const END = Buffer.from(`${event([{ index: 0, delta: {}, finish_reason: "stop" }])}${event([], { usage: USAGE })}data: [DONE]\n\n`);
const HEAD = { "content-type": "application/json", "content-length": WHOLE.length };

const FLOOD = Buffer.concat(Array.from({ length: 256 }, () => TOKEN));
/** Bytes of floods that could be handed over so far. */
let flooded = 0;

/** Writes events as long as they are taken. */
function flood(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const more = () => {
    while (!response.destroyed && response.write(FLOOD)) flooded += FLOOD.length;
  };
  response.on("drain", more);
  more();
}

function stream(response: ServerResponse, paceMs: number): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  if (paceMs === 0) {
    for (let i = 0; i < TOKENS; i++) response.write(TOKEN);
    response.end(END);
    return;
  }
  let sent = 1;
  response.write(TOKEN);
  const timer = setInterval(() => {
    if (sent++ < TOKENS) return void response.write(TOKEN);
    clearInterval(timer);
    response.end(END);
  }, paceMs);
  response.on("close", () => clearInterval(timer));
}

/** `user` carries the pace in ms, or asks for a flood: what every gateway passes on. */
const PACE = /"user":"pace-(\d+)"/;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    if (request.method === "GET") return void response.end(String(flooded));
    const tail = (chunks.at(-1) ?? Buffer.alloc(0)).subarray(-400).toString("latin1");
    if (!tail.includes('"stream":true')) return void response.writeHead(200, HEAD).end(WHOLE);
    if (tail.includes('"user":"flood"')) return flood(response);
    stream(response, Number(PACE.exec(tail)?.[1] ?? 0));
  });
});
server.keepAliveTimeout = 600_000;
server.listen(0, "127.0.0.1", () =>
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` })}\n`),
);
