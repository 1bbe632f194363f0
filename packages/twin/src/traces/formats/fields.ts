import { PulmuError } from "@pulmu/units";
import { MAX_TOKENS } from "../request.ts";

const SPACE = 0x20;
const ZERO = 0x30;

/**
 * A count of tokens, 1 … MAX_TOKENS, from the bytes of one field.
 * @throws PulmuError `trace.not-a-number`, `trace.negative`, `trace.zero`, `trace.too-large`.
 */
export function tokenCount(data: Buffer, from: number, end: number, column: string): number {
  let value = 0;
  let i = from;
  while (i < end && data[i] === SPACE) i++;
  let digits = 0;
  for (; i < end; i++) {
    const digit = data[i] - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    digits++;
  }
  while (i < end && data[i] === SPACE) i++;
  if (i < end || digits === 0) throw badTokenCount(textOf(data, from, end), column);
  if (value === 0 || value > MAX_TOKENS) throw badTokenCount(value, column);
  return value;
}

/** Why something is no count of tokens. */
export function badTokenCount(given: unknown, column: string): PulmuError {
  const text = typeof given === "string" ? given.trim() : (JSON.stringify(given) ?? "nothing");
  if (text === "") return new PulmuError({ code: "trace.not-a-number", path: column, rule: "the field is empty" });
  const number = Number(text);
  const [code, rule] = Number.isNaN(number)
    ? ["trace.not-a-number", "a count of tokens is a whole number"]
    : number < 0
      ? ["trace.negative", "a count of tokens cannot be negative"]
      : number === 0
        ? ["trace.zero", "a request has at least 1 token"]
        : number > MAX_TOKENS
          ? ["trace.too-large", `more than ${MAX_TOKENS} tokens in one request cannot be right`]
          : ["trace.not-a-number", "a count of tokens is a whole number"];
  return new PulmuError({ code, path: column, value: text, rule });
}

/** Up to 80 characters of a line, for messages. */
export function textOf(data: Buffer, from: number, end: number): string {
  return data.toString("utf8", from, Math.min(end, from + 80)).trim();
}

/** A time as a plain number. @throws PulmuError `trace.not-a-time`. */
export function secondsOf(given: unknown, column: string): number {
  const value = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  const text = typeof given === "string" ? given.trim() : (JSON.stringify(given) ?? "nothing");
  throw new PulmuError({ code: "trace.not-a-time", path: column, value: text, rule: "a time is a number here" });
}
