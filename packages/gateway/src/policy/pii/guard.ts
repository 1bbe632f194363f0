import { isObject, type JsonObject } from "../../http/read-body.ts";
import { Refusal } from "../../refusal.ts";
import { findPii, maskPii } from "./find-pii.ts";

/** What happens to personal data in a request: nothing, it is counted, it is masked, or the request is refused. */
export const PII_ACTIONS = ["allow", "report", "mask", "refuse"] as const;
export type PiiAction = (typeof PII_ACTIONS)[number];

/** How often each kind was found. */
export type PiiCounts = Readonly<Record<string, number>>;

export interface Guarded {
  readonly body: JsonObject;
  readonly counts: PiiCounts;
}

/**
 * Characters the guard reads in one request, about 50 ms of work. A longer one is refused where personal data must not pass, since it
 * cannot be vouched for; where it is only reported, the rest is reported as unread.
 */
const MAX_CHARS = 200_000;
const UNREAD = "unread";
/** Fields in which nobody writes prose: ids, names of things, media. */
const NOT_PROSE = new Set([
  "id",
  "type",
  "role",
  "model",
  "tool_call_id",
  "call_id",
  "tool_use_id",
  "image_url",
  "input_audio",
  "source",
  "file",
  "user",
]);

/**
 * Looks for personal data in all that a request says.
 * @throws Refusal 400 naming the kinds, never the data, when it is to be refused; 413 when it is too long to be looked through
 */
export function guard(body: JsonObject, action: PiiAction): Guarded {
  if (action === "allow") return { body, counts: {} };
  const counts: Record<string, number> = {};
  let chars = 0;
  const look = (text: string): string => {
    if ((chars += text.length) > MAX_CHARS) {
      if (action === "report") {
        counts[UNREAD] = 1;
        return text;
      }
      throw new Refusal(`The guard for personal data reads at most ${MAX_CHARS} characters of one request.`, {
        status: 413,
        type: "invalid_request_error",
        code: "too_long_for_guard",
        retry: false,
      });
    }
    const found = findPii(text);
    for (const { kind } of found) counts[kind.name] = (counts[kind.name] ?? 0) + 1;
    return action === "mask" && found.length > 0 ? maskPii(text, found) : text;
  };
  const guarded = mapText(body, look) as JsonObject;
  const kinds = Object.keys(counts);
  if (action === "refuse" && kinds.length > 0)
    throw new Refusal(`The request has personal data that may not be sent: ${kinds.join(", ")}.`, {
      status: 400,
      type: "invalid_request_error",
      code: "personal_data",
      retry: false,
    });
  return { body: guarded, counts };
}

/** The same value with every text changed; what did not change is the same object. */
function mapText(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) {
    const mapped = value.map((item) => mapText(item, change));
    return mapped.some((item, i) => item !== value[i]) ? mapped : value;
  }
  if (!isObject(value)) return value;
  let mapped: JsonObject | undefined;
  for (const name in value) {
    if (NOT_PROSE.has(name)) continue;
    const now = mapText(value[name], change);
    if (now !== value[name]) (mapped ??= { ...value })[name] = now;
  }
  return mapped ?? value;
}
