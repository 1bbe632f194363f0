import { PulmuError } from "@pulmu/units";

/** One row: where it stands and its fields, unquoted. */
export interface CsvRow {
  /** Line of its first byte, from 1. */
  readonly line: number;
  readonly fields: readonly Buffer[];
}

/** Two 4 MiB payloads' worth, since quoting can double each byte, and a topic. */
const MAX_ROW_BYTES = 9 * 1024 * 1024;

const QUOTE = 0x22;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const COMMA = 0x2c;

/**
 * Rows of a CSV file (RFC 4180) as it streams in. Works on bytes, because a payload may be anything, also not text.
 * @throws PulmuError `recording.row-too-long`, `recording.truncated`, `recording.bad-row`
 */
export async function* readCsv(source: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<CsvRow, void> {
  let rest: Buffer = Buffer.alloc(0);
  let scanned = 0; // bytes of `rest` already looked at
  let quoted = false;
  let line = 1;
  for await (const chunk of source) {
    const bytes = rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([rest, chunk]);
    let start = 0;
    let lines = 0;
    for (let i = scanned; i < bytes.length; i++) {
      const byte = bytes[i];
      if (byte === QUOTE) quoted = !quoted;
      else if (byte === NEWLINE) {
        lines++;
        if (quoted) continue;
        const end = i > start && bytes[i - 1] === RETURN ? i - 1 : i;
        if (end > start) yield toRow(bytes.subarray(start, end), line, file);
        line += lines;
        lines = 0;
        start = i + 1;
      }
    }
    rest = bytes.subarray(start);
    scanned = rest.length;
    if (rest.length > MAX_ROW_BYTES) {
      throw new PulmuError({ code: "recording.row-too-long", file, line, rule: `a row has at most ${MAX_ROW_BYTES} bytes` });
    }
  }
  if (quoted)
    throw new PulmuError({ code: "recording.truncated", file, line, rule: "a quoted field does not end", hint: "the file was cut short" });
  if (rest.length > 0) yield toRow(rest, line, file);
}

function toRow(row: Buffer, line: number, file: string): CsvRow {
  const fields = splitRow(row);
  if (fields !== undefined) return { line, fields };
  const rule = "a field with a quote or a comma stands in quotes, and its own quotes are doubled";
  throw new PulmuError({ code: "recording.bad-row", file, line, rule });
}

/** Fields of one row; undefined when a quote stands inside a field or after one. */
function splitRow(row: Buffer): readonly Buffer[] | undefined {
  const fields: Buffer[] = [];
  for (let start = 0; start <= row.length;) {
    let end: number;
    if (row[start] === QUOTE) {
      end = start + 1;
      let doubled = false;
      while (end < row.length && (row[end] !== QUOTE || row[end + 1] === QUOTE)) {
        if (row[end] === QUOTE) {
          doubled = true;
          end++;
        }
        end++;
      }
      if (end >= row.length) return undefined;
      const inside = row.subarray(start + 1, end);
      fields.push(doubled ? Buffer.from(inside.toString("latin1").replaceAll('""', '"'), "latin1") : inside);
      end++;
      if (end < row.length && row[end] !== COMMA) return undefined;
    } else {
      end = row.indexOf(COMMA, start);
      if (end === -1) end = row.length;
      const field = row.subarray(start, end);
      if (field.includes(QUOTE)) return undefined;
      fields.push(field);
    }
    start = end + 1;
  }
  return fields;
}

/** A field as it is written: quoted where it must be. */
export function csvField(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
