import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { invalid, Refusal } from "../refusal.ts";

export type JsonObject = Record<string, unknown>;

/**
 * Reads a request's body, at most so many bytes of it.
 * @throws Refusal 413 as soon as it is known to be too large, 499 when the caller leaves
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let first: Buffer | undefined; // most bodies come in one piece
  let more: Buffer[] | undefined;
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      request.pause();
      reject(tooLarge(maxBytes));
    } else if (first === undefined) first = chunk;
    else (more ??= [first]).push(chunk);
  });
  request.on("end", () => resolve(more === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(more, bytes)));
  request.on("close", () => {
    if (!request.complete) reject(new Refusal("the caller left", { status: 499, type: "invalid_request_error", code: "client_closed" }));
  });
  return promise;
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal(`The body is larger than ${maxBytes} bytes.`, {
    status: 413,
    type: "invalid_request_error",
    code: "request_too_large",
    retry: false,
  });
}

/**
 * Parses a body that has to be a JSON object. Once: what is sent on is made from this, so that no second reader can read it differently.
 * @throws Refusal 400
 */
export function parseObject(body: Buffer, maxDepth: number): JsonObject {
  if (!isUtf8(body)) throw invalid(undefined, "The body is not UTF-8 text.", "invalid_json");
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw invalid(undefined, `The body is not JSON: ${(error as Error).message.slice(0, 200)}`, "invalid_json");
  }
  if (!isObject(value)) throw invalid(undefined, "The body is not a JSON object.", "invalid_json");
  if (!shallowerThan(value, maxDepth)) throw invalid(undefined, `The body is nested deeper than ${maxDepth}.`, "invalid_json");
  return value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shallowerThan(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depth === 0) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!shallowerThan(value[i], depth - 1)) return false;
    return true;
  }
  for (const name in value) if (!shallowerThan((value as JsonObject)[name], depth - 1)) return false;
  return true;
}
