import type { Endpoint } from "./endpoint.ts";
import { anyOf, checkFields, type Fields, filledText, isList, isText, list, oneOf, requireFields, text, whole } from "./fields.ts";

/** OpenAI's bounds: https://platform.openai.com/docs/api-reference/embeddings/create */
const MAX_INPUTS = 2_048;
const tokenIds = list(whole(0, 2 ** 31), 1, MAX_INPUTS);

const FIELDS: Fields = {
  model: filledText,
  input: anyOf(
    "a string, a list of strings, or token ids",
    [isText, filledText],
    [(value) => isList(value) && typeof value[0] === "number", tokenIds],
    [isList, list(anyOf("a string or token ids", [isText, filledText], [isList, tokenIds]), 1, MAX_INPUTS)],
  ),
  encoding_format: oneOf("float", "base64"),
  dimensions: whole(1, 100_000),
  user: text,
};

/** `POST /v1/embeddings`. Only the prompt costs. */
export const embeddings: Endpoint = {
  upstreamPath: "/embeddings",
  read(body, bytes) {
    requireFields(body, "model", "input");
    checkFields(FIELDS, body);
    return { modelId: body["model"] as string, streamed: false, promptBytes: bytes, maxOutputTokens: 0, flexible: false, prefix: "" };
  },
  outward: (body, upstreamModel) => ({ ...body, model: upstreamModel }),
  inward: (answer, body, extra) => ({ ...answer, model: body["model"], usage: { ...(answer["usage"] as object | undefined), ...extra } }),
  wantsUsage: () => false,
};
