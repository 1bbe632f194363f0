import type { JsonObject } from "../../http/read-body.ts";
import { hashText } from "../../routing/replica.ts";
import { countTokens } from "./words.ts";

const EMBEDDING_SIZE = 256;

/** Unit vectors that the text decides: the same text is always nearest to itself, and means nothing else. */
export function embeddings(body: JsonObject): JsonObject {
  const { input } = body;
  const inputs = Array.isArray(input) && typeof input[0] !== "number" ? (input as unknown[]) : [input];
  const size = typeof body["dimensions"] === "number" ? body["dimensions"] : EMBEDDING_SIZE;
  let promptTokens = 0;
  const data = inputs.map((item, index) => {
    const text = typeof item === "string" ? item : JSON.stringify(item);
    promptTokens += Array.isArray(item) ? item.length : countTokens(text);
    const raw = Array.from({ length: size }, (_, i) => hashText(text, i + 1) / 2 ** 31 - 1);
    const length = Math.sqrt(raw.reduce((sum, value) => sum + value * value, 0));
    const vector = raw.map((value) => value / length);
    return { object: "embedding", index, embedding: body["encoding_format"] === "base64" ? base64(vector) : vector };
  });
  return { object: "list", data, model: body["model"], usage: { prompt_tokens: promptTokens, total_tokens: promptTokens } };
}

function base64(vector: readonly number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString("base64");
}
