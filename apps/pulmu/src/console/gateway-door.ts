import type { Context, Hono } from "hono";
import { answerProblem } from "../server/api-error.ts";

/** What is passed on of a request, and of its answer. */
const REQUEST_HEADERS = ["authorization", "content-type", "accept", "traceparent"] as const;
const ANSWER_HEADERS = ["content-type", "x-request-id", "traceparent", "retry-after"] as const;

/**
 * The gateway under the console's own origin, so that the playground needs no other. It passes on what it is given, a stream as a stream,
 * and asks for a key like the gateway itself: the cookie is nothing to it.
 * @param gatewayUrl `http://127.0.0.1:8118/v1`
 */
export function openGatewayDoor(app: Hono, gatewayUrl: string): void {
  app.all("/v1/:rest{.+}", async (context) => {
    const { raw } = context.req;
    const headers = pick(raw.headers, REQUEST_HEADERS);
    const body = raw.method === "GET" || raw.method === "HEAD" ? undefined : await raw.arrayBuffer();
    const left = new AbortController();
    raw.signal?.addEventListener("abort", () => left.abort());
    try {
      const answer = await fetch(`${gatewayUrl}/${context.req.param("rest")}`, {
        method: raw.method,
        headers,
        redirect: "error",
        signal: left.signal,
        ...(body !== undefined && { body }),
      });
      return new Response(answer.body, {
        status: answer.status,
        headers: { ...pick(answer.headers, ANSWER_HEADERS), "Cache-Control": "no-store" },
      });
    } catch {
      return gatewayAway(context);
    }
  });
}

function gatewayAway(context: Context): Response {
  return answerProblem(context, 503, { code: "gateway.away", message: "the gateway does not answer" });
}

function pick(headers: Headers, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (headers.has(name) ? [[name, headers.get(name)!]] : [])));
}
