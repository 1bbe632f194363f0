import { openAiError } from "../../refusal.ts";
import type { JsonObject } from "../../http/read-body.ts";
import { beginning, withUsageAsked } from "../chat.ts";
import type { Endpoint } from "../endpoint.ts";
import { checkFields, requireFields } from "../fields.ts";
import { ResponseStream, toResponse } from "./answer.ts";
import { RESPONSE_FIELDS, toChat } from "./request.ts";

/** `POST /v1/responses`. Translated to chat, which every engine speaks; nothing is kept between requests. */
export const responses: Endpoint = {
  upstreamPath: "/chat/completions",
  read(body, bytes) {
    requireFields(body, "model", "input");
    checkFields(RESPONSE_FIELDS, body);
    const { input, instructions } = body;
    return {
      modelId: body["model"] as string,
      streamed: body["stream"] === true,
      promptBytes: bytes,
      flexible: body["service_tier"] === "flex",
      maxOutputTokens: typeof body["max_output_tokens"] === "number" ? body["max_output_tokens"] : undefined,
      prefix:
        typeof instructions === "string"
          ? instructions.slice(0, 512)
          : typeof input === "string"
            ? input.slice(0, 512)
            : beginning(input as JsonObject[]),
    };
  },
  outward: (body, upstreamModel) => withUsageAsked(toChat(body), upstreamModel),
  inward: toResponse,
  translator: (body) => new ResponseStream(body),
  wantsUsage: () => false,
  errorEvent(refusal) {
    const { error } = openAiError(refusal);
    return `event: error\ndata: ${JSON.stringify({ type: "error", sequence_number: 0, ...error })}\n\n`;
  },
};
