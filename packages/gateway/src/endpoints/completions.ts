import { COMMON_FIELDS, mostTokens, wantsUsage, withUsageAsked } from "./chat.ts";
import type { Endpoint } from "./endpoint.ts";
import { anyOf, checkFields, type Fields, flag, isList, isText, list, orNull, requireFields, text, whole } from "./fields.ts";

const MAX_PROMPTS = 2_048;
const tokenIds = list(whole(0, 2 ** 31), 1, 1_000_000);

const FIELDS: Fields = {
  ...COMMON_FIELDS,
  prompt: anyOf(
    "a string, a list of strings, or token ids",
    [isText, text],
    [(value) => isList(value) && typeof value[0] === "number", tokenIds],
    [isList, list(anyOf("a string or token ids", [isText, text], [isList, tokenIds]), 1, MAX_PROMPTS)],
  ),
  best_of: orNull(whole(0, 20)),
  echo: orNull(flag),
  logprobs: orNull(whole(0, 5)),
  suffix: orNull(text),
};

/** OpenAI's own default for this endpoint. */
const DEFAULT_TOKENS = 16;

/** `POST /v1/completions`. */
export const completions: Endpoint = {
  upstreamPath: "/completions",
  read(body, bytes) {
    requireFields(body, "model", "prompt");
    checkFields(FIELDS, body);
    const { prompt } = body;
    const first: unknown = Array.isArray(prompt) ? prompt[0] : prompt;
    const prompts = Array.isArray(prompt) && typeof first !== "number" ? prompt.length : 1;
    return {
      modelId: body["model"] as string,
      streamed: body["stream"] === true,
      promptBytes: bytes,
      flexible: body["service_tier"] === "flex",
      maxOutputTokens: mostTokens(body["max_tokens"] ?? DEFAULT_TOKENS, Number(body["best_of"] ?? body["n"] ?? 1) * prompts),
      prefix: typeof first === "string" ? first.slice(0, 512) : "",
    };
  },
  outward: withUsageAsked,
  inward: (answer, body, extra) => ({ ...answer, model: body["model"], usage: { ...(answer["usage"] as object | undefined), ...extra } }),
  wantsUsage,
};
