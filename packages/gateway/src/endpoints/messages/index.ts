import type { Refusal } from "../../refusal.ts";
import type { JsonObject } from "../../http/read-body.ts";
import { beginning, withUsageAsked } from "../chat.ts";
import type { Endpoint } from "../endpoint.ts";
import { checkFields, requireFields } from "../fields.ts";
import { MessageStream, toMessage } from "./answer.ts";
import { MESSAGE_FIELDS, toChat } from "./request.ts";

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  503: "overloaded_error",
  504: "timeout_error",
};

function errorBody({ message, details }: Refusal, requestId: string): object {
  return { type: "error", error: { type: ERROR_TYPES[details.status] ?? "api_error", message }, request_id: requestId };
}

/** `POST /v1/messages`, Anthropic's API: https://docs.anthropic.com/en/api/messages. Translated, so that any model can be asked. */
export const messages: Endpoint = {
  upstreamPath: "/chat/completions",
  read(body, bytes) {
    requireFields(body, "model", "max_tokens", "messages");
    checkFields(MESSAGE_FIELDS, body);
    return {
      modelId: body["model"] as string,
      streamed: body["stream"] === true,
      promptBytes: bytes,
      flexible: false,
      maxOutputTokens: body["max_tokens"] as number,
      prefix: typeof body["system"] === "string" ? body["system"].slice(0, 512) : beginning(body["messages"] as JsonObject[]),
    };
  },
  outward: (body, upstreamModel) => withUsageAsked(toChat(body), upstreamModel),
  inward: (answer, body, extra) => toMessage(answer, body["model"], extra),
  translator: (body) => new MessageStream(body["model"]),
  wantsUsage: () => false,
  errorBody,
  errorEvent: (refusal, requestId) => `event: error\ndata: ${JSON.stringify(errorBody(refusal, requestId))}\n\n`,
};
