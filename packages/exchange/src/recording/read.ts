import { createGunzip } from "node:zlib";
import { Readable } from "node:stream";
import { PulmuError } from "@pulmu/units";
import { parseDateTime } from "../contracts/formats.ts";
import type { BusMessage, Qos } from "../message.ts";
import { readCsv, type CsvRow } from "./csv.ts";
import { parseGoDuration } from "./duration.ts";

export interface ReadRecordingOptions {
  /** File name for errors. */
  readonly name: string;
  /** When the recording began, epoch milliseconds. Default: what most of its first messages say. */
  readonly startMs?: number;
}

/** Stands in a payload for the time at which the message is sent: recordings made to be replayed have it in place of a timestamp. */
const PLACEHOLDER = "{{timestamp_ms}}";
/** Start of a recording whose messages name no time. */
const UNDATED_START_MS = Date.UTC(2026, 0, 1);
/** Messages that are asked for the start. */
const START_SAMPLE = 1000;

/**
 * Messages of a recording: a CSV file with the columns `offset,topic,payload` and, where the recorder knew them, `qos,retain`; gzipped
 * or not. Streams: what is read is not kept.
 *
 * The file has no date. Its start is the median of timestamp − offset over its first thousand messages, so that a clock which is wrong
 * in all of them goes unseen, while one that is wrong in some stands out.
 * @throws PulmuError `recording.*` at the row that breaks the form; rows before it were already given out
 */
export async function* readRecording(
  source: AsyncIterable<Uint8Array>,
  { name, startMs }: ReadRecordingOptions,
): AsyncGenerator<BusMessage, void> {
  const rows = parseRows(readCsv(unzipped(source, name), name), name);
  const head: RecordedRow[] = [];
  if (startMs === undefined) {
    for (let i = 0; i < START_SAMPLE; i++) {
      const { value, done } = await rows.next();
      if (done === true) break;
      head.push(value);
    }
  }
  const start = startMs ?? findStart(head);
  for (const row of head) yield toMessage(row, start);
  for await (const row of rows) yield toMessage(row, start);
}

interface RecordedRow {
  readonly offsetMs: number;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: Qos;
  readonly retain: boolean;
}

async function* parseRows(rows: AsyncIterable<CsvRow>, file: string): AsyncGenerator<RecordedRow, undefined> {
  let width = 0;
  let lastMs = 0;
  for await (const { line, fields } of rows) {
    if (width === 0) {
      width = readHeader(fields, file);
      continue;
    }
    const refuse = (rule: string, value: string) => new PulmuError({ code: "recording.bad-row", file, line, value, rule });
    if (fields.length !== width) throw refuse(`a row has ${width} fields, as the header has`, `${fields.length} fields`);
    const written = fields[0].toString();
    const offsetMs = parseGoDuration(written);
    if (offsetMs === undefined) throw refuse("the offset is a duration such as 1m39.07s", written.slice(0, 40));
    if (offsetMs < lastMs) throw refuse("offsets do not go back", written);
    lastMs = offsetMs;
    const qos = Number(fields[3] ?? 0);
    if (qos !== 0 && qos !== 1 && qos !== 2) throw refuse("qos is 0, 1 or 2", String(fields[3]));
    yield { offsetMs, topic: fields[1].toString(), payload: fields[2], qos, retain: fields[4]?.toString() === "true" };
  }
  if (width === 0) throw new PulmuError({ code: "recording.empty", file, rule: "a recording begins with offset,topic,payload" });
  return undefined;
}

/** Number of columns. */
function readHeader(fields: readonly Buffer[], file: string): number {
  const header = fields.map((field) => field.toString().trim()).join(",");
  if (header === "offset,topic,payload") return 3;
  if (header === "offset,topic,payload,qos,retain") return 5;
  throw new PulmuError({
    code: "recording.header",
    file,
    line: 1,
    value: header.slice(0, 80),
    rule: "a recording begins with offset,topic,payload or offset,topic,payload,qos,retain",
  });
}

function toMessage({ offsetMs, topic, payload, qos, retain }: RecordedRow, startMs: number): BusMessage {
  const atMs = startMs + offsetMs;
  const filled = payload.includes(PLACEHOLDER)
    ? Buffer.from(payload.toString("latin1").replaceAll(PLACEHOLDER, String(Math.floor(atMs))), "latin1")
    : payload;
  return { topic, payload: filled, qos, retain, atMs };
}

/** When the recording began, by the messages that name a time: values in milliseconds, events as a date-time. */
function findStart(rows: readonly RecordedRow[]): number {
  const starts: number[] = [];
  for (const { payload, offsetMs } of rows) {
    const text = payload.subarray(0, 1024).toString("latin1");
    const stamp = /"timestamp"\s*:\s*(\d{12,14})\b/.exec(text)?.[1];
    const time = /"time"\s*:\s*"([^"]+)"/.exec(text)?.[1];
    const atMs = stamp === undefined ? parseDateTime(time ?? "") : Number(stamp);
    if (atMs !== undefined) starts.push(atMs - offsetMs);
  }
  if (starts.length === 0) return UNDATED_START_MS;
  return starts.toSorted((a, b) => a - b)[Math.floor(starts.length / 2)];
}

/** The bytes as they are, or unzipped when they begin as gzip does. */
async function* unzipped(source: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Uint8Array, void> {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done === true) return;
  const all = (async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => chunks };
  })();
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) return yield* all;
  try {
    yield* Readable.from(all).pipe(createGunzip());
  } catch (error) {
    const hint = (error as Error).message;
    throw error instanceof PulmuError ? error : new PulmuError({ code: "recording.gzip", file, rule: "must unzip", hint });
  }
}
