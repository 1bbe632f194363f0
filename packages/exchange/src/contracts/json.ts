import type { Problem } from "@pulmu/units";

/** What reading gives: the value, or every rule that the input broke. Bad traffic is expected, so nothing is thrown. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Bounds on one JSON text. */
export interface JsonLimits {
  readonly maxBytes: number;
  /** Objects and arrays inside one another; the deepest message of the contracts has 12. */
  readonly maxDepth: number;
}

/** 4 MiB is the event bus's own limit on a message (`max_payload`, dsx-exchange deploy/nats-event-bus/values.yaml). */
export const JSON_LIMITS: JsonLimits = { maxBytes: 4 * 1024 * 1024, maxDepth: 64 };

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** Keeps a byte order mark, so that JSON.parse refuses it as RFC 8259 asks of senders. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads one JSON text from the wire, stricter than `JSON.parse`: valid UTF-8, a bounded size and depth, no key twice in one object
 * (whose meaning would depend on the reader), no number beyond a double (`1e999` would become Infinity).
 * Cost: one pass over the bytes, `JSON.parse`, one pass over the result.
 */
export function parseJson(payload: Uint8Array, limits: JsonLimits = JSON_LIMITS): Parsed<unknown> {
  if (payload.length > limits.maxBytes) {
    return refuse("json.too-large", `a message has at most ${limits.maxBytes} bytes`, { value: `${payload.length} bytes` });
  }
  let bits = 0;
  let depth = 0;
  let colons = 0;
  let inString = false;
  for (let i = 0; i < payload.length; i++) {
    const byte = payload[i];
    bits |= byte;
    if (byte === QUOTE) inString = !inString;
    else if (inString) {
      if (byte === BACKSLASH) i++;
    } else if (byte === COLON) colons++;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > limits.maxDepth) return refuse("json.too-deep", `nests at most ${limits.maxDepth} objects and arrays`);
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }

  let text: string;
  let value: unknown;
  try {
    text = bits < 0x80 ? asciiText(payload) : utf8.decode(payload);
  } catch {
    return refuse("json.not-utf8", "must be UTF-8", { value: `${payload.length} bytes` });
  }
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse("json.syntax", "must be JSON", { value: snippet(text), hint: syntaxHint(text, error as Error) });
  }

  // Every colon outside strings is one member written; a key written twice leaves fewer members read.
  const count = countMembers(value);
  if (Number.isNaN(count)) return refuse("json.not-finite", "a number must fit a double", { value: snippet(text) });
  if (count !== colons) {
    const key = duplicateKey(text);
    return refuse("json.duplicate-key", "an object must not have a key twice", { ...(key !== undefined && { path: key, value: key }) });
  }
  return { ok: true, value };
}

function refuse(code: string, rule: string, place: Partial<Problem> = {}): Parsed<never> {
  return { ok: false, problems: [{ code, rule, ...place }] };
}

function asciiText(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString("latin1");
}

/** Start of a text, short enough for one line of a report. */
export function snippet(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length <= 80 ? line : `${line.slice(0, 77)}...`;
}

function syntaxHint(text: string, error: Error): string {
  if (/[:[,]\s*-?(NaN|Infinity)\b/.test(text)) return "JSON has no NaN or Infinity: publish null with a quality other than 1";
  if (text.trim() === "") return "the message is empty";
  return error.message.split("\n")[0];
}

/** Members of all objects in `value`; NaN when a number is not finite. Recursion is bounded by the depth limit. */
function countMembers(value: unknown): number {
  if (typeof value === "number") return Number.isFinite(value) ? 0 : Number.NaN;
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countMembers(item);
    return count;
  }
  const members = value as Readonly<Record<string, unknown>>;
  for (const key in members) count += 1 + countMembers(members[key]);
  return count;
}

/** The first key that stands twice in one object of a valid JSON text. Only called when there is one. */
function duplicateKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, key] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (key !== undefined) {
      const name = JSON.parse(key) as string;
      const names = open.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return undefined;
}
