import { nearest, PulmuError } from "@pulmu/units";
import { MAX_TOKENS, type Request } from "../request.ts";
import { badTokenCount, secondsOf, textOf } from "./fields.ts";
import type { RowParser, TraceFormat } from "./format.ts";

const KEYS = ["timestamp", "input_length", "output_length", "hash_ids"] as const;
type Row = Readonly<Record<(typeof KEYS)[number], unknown>>;

/**
 * Mooncake's traces (https://github.com/kvcache-ai/Mooncake): JSON lines, `timestamp` in ms, `hash_ids` of the prompt's blocks of
 * 512 tokens. `hash_ids` may be absent.
 */
export const mooncake: TraceFormat = {
  name: "mooncake",
  columns: KEYS,
  hasHeader: false,
  recognise: (firstLine) => (firstLine.trimStart().startsWith("{") ? KEYS.filter((key) => firstLine.includes(`"${key}"`)).length : 0),
  open(): RowParser {
    let firstMs: number | undefined;
    return (data, from, end): Request => {
      const row = parse(data, from, end);
      const ms = secondsOf(row.timestamp, "timestamp");
      firstMs ??= ms;
      return {
        atS: (ms - firstMs) / 1000,
        promptTokens: tokens(row.input_length, "input_length"),
        outputTokens: tokens(row.output_length, "output_length"),
        ...(row.hash_ids !== undefined && { blocks: blocks(row.hash_ids) }),
      };
    };
  },
};

function parse(data: Buffer, from: number, end: number): Row {
  let row: unknown;
  try {
    row = JSON.parse(data.toString("utf8", from, end));
  } catch {
    throw new PulmuError({ code: "trace.not-json", value: textOf(data, from, end), rule: "the line is not JSON" });
  }
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    throw new PulmuError({ code: "trace.not-json", value: textOf(data, from, end), rule: "the line is not a JSON object" });
  }
  const missing = KEYS.filter((key) => key !== "hash_ids" && !Object.hasOwn(row, key));
  if (missing.length > 0) {
    const others = Object.keys(row).filter((key) => !(KEYS as readonly string[]).includes(key));
    throw new PulmuError(
      missing.map((key) => {
        const near = nearest(key, others);
        const rule = `the line has no "${key}"`;
        return { code: "trace.missing-column", path: key, rule, ...(near !== undefined && { hint: `is "${near}" meant to be it?` }) };
      }),
    );
  }
  return row as Row;
}

function tokens(value: unknown, key: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_TOKENS) return value;
  throw badTokenCount(value, key);
}

function blocks(value: unknown): readonly number[] {
  if (Array.isArray(value) && value.every((id) => Number.isSafeInteger(id))) return value as readonly number[];
  throw new PulmuError({ code: "trace.not-a-number", path: "hash_ids", rule: "must be a list of whole numbers" });
}
