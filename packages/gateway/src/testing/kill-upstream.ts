/**
 * An upstream as a process of its own, to be killed: `kill-upstream.ts PORT LOG`. Writes the name of each request to the log before it
 * answers: what is not there was never served. Every answer has the tokens that `MADE_TOKENS` says, a few ms apart.
 */
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { chunk, event } from "./mock-upstream.ts";

export const MADE_TOKENS = 12;
export const PROMPT_TOKENS = 8;
const usage = { prompt_tokens: PROMPT_TOKENS, completion_tokens: MADE_TOKENS, total_tokens: PROMPT_TOKENS + MADE_TOKENS };
const message = { role: "assistant", content: "x".repeat(MADE_TOKENS), refusal: null };
const WHOLE = JSON.stringify({ id: "1", object: "chat.completion", created: 1, model: "m", choices: [{ index: 0, message, finish_reason: "stop" }], usage }); // prettier-ignore

if (import.meta.main) {
  const [port, log] = process.argv.slice(2);
  createServer((request, response) => {
    let body = "";
    request.on("data", (bytes: Buffer) => (body += bytes.toString()));
    request.on("end", () => {
      if (request.method === "GET") return void response.end("{}");
      appendFileSync(log, `${String(request.headers["x-request-id"])}\n`);
      if (!body.includes('"stream":true'))
        return void setTimeout(() => response.setHeader("content-type", "application/json").end(WHOLE), 3);
      response.setHeader("content-type", "text/event-stream");
      let made = 0;
      const timer = setInterval(() => {
        if (made++ < MADE_TOKENS) return void response.write(event(chunk({ content: "x" })));
        clearInterval(timer);
        response.end(event({ ...chunk({}), choices: [], usage }) + event("[DONE]"));
      }, 2);
      response.on("close", () => clearInterval(timer));
    });
  }).listen(Number(port), "127.0.0.1", () => process.stdout.write("up\n"));
}
