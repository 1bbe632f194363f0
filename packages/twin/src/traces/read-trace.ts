import { PulmuError, type Problem } from "@pulmu/units";
import { azure } from "./formats/azure.ts";
import { textOf } from "./formats/fields.ts";
import type { RowParser, TraceFormat, TraceFormatName } from "./formats/format.ts";
import { mooncake } from "./formats/mooncake.ts";
import { splitwise } from "./formats/splitwise.ts";
import { openTraceFile } from "./open-trace-file.ts";
import type { Request } from "./request.ts";

/** Formats by name. A new one is a file in `formats/` and a line here. */
const FORMATS: readonly TraceFormat[] = [azure, mooncake, splitwise];

export const TRACE_FORMATS: readonly TraceFormatName[] = FORMATS.map((format) => format.name);

/** Far more than a request of a million tokens needs with all its blocks: beyond it the file is not a trace. */
const MAX_LINE_BYTES = 1 << 20;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

export interface ReadTraceOptions {
  /** Told from the first line when not given. */
  readonly format?: TraceFormatName | undefined;
  /** Most tokens, prompt and output together, that the model the trace is played to takes. No bound when not given. */
  readonly contextTokens?: number | undefined;
}

/**
 * Streams the requests of a trace file (plain or gzip), some thousands at a time: memory does not grow with the file.
 *
 *     for await (const batch of readTraceFile("conv.csv.gz")) for (const request of batch) …
 *
 * @throws PulmuError `trace.*` at the first line that is wrong, with file and line.
 */
export function readTraceFile(file: string, options: ReadTraceOptions = {}): AsyncGenerator<readonly Request[], void> {
  return readTrace(openTraceFile(file), file, options);
}

/** As `readTraceFile`, from chunks of uncompressed bytes. `file` is only a name for messages. */
export async function* readTrace(
  chunks: AsyncIterable<Buffer>,
  file: string,
  options: ReadTraceOptions = {},
): AsyncGenerator<readonly Request[], void> {
  const reader = new LineReader(file, options);
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const batch: Request[] = [];
    let from = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, from)) {
      reader.read(data, from, end, batch);
      from = end + 1;
    }
    rest = data.subarray(from);
    if (rest.length > MAX_LINE_BYTES) reader.refuseLongLine();
    if (batch.length > 0) yield batch;
  }
  const last: Request[] = [];
  reader.read(rest, 0, rest.length, last); // the last line may lack its newline
  reader.finish();
  if (last.length > 0) yield last;
}

/** Reads line after line; knows the format from the first one, and checks what holds between lines. */
class LineReader {
  readonly #file: string;
  readonly #format: TraceFormat | undefined;
  readonly #contextTokens: number;
  #parse: RowParser | undefined;
  #line = 0;
  #requests = 0;
  #lastAtS = 0;
  #lastLine = 0;

  constructor(file: string, { format, contextTokens = Infinity }: ReadTraceOptions) {
    this.#file = file;
    this.#format = FORMATS.find((each) => each.name === format);
    this.#contextTokens = contextTokens;
  }

  read(data: Buffer, from: number, lineEnd: number, batch: Request[]): void {
    this.#line++;
    const end = lineEnd > from && data[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
    if (end === from) return; // a blank line
    try {
      if (this.#parse === undefined) {
        const firstLine = data.toString("utf8", from, Math.min(end, from + MAX_LINE_BYTES));
        const format = this.#format ?? recognise(firstLine);
        this.#parse = format.open(firstLine);
        if (format.hasHeader) return;
      }
      const request = this.#parse(data, from, end);
      if (request.atS < this.#lastAtS) throw outOfOrder(request.atS, this.#lastAtS, this.#lastLine, textOf(data, from, end));
      if (request.promptTokens + request.outputTokens > this.#contextTokens) throw overContext(request, this.#contextTokens);
      this.#lastAtS = request.atS;
      this.#lastLine = this.#line;
      this.#requests++;
      batch.push(request);
    } catch (error) {
      throw error instanceof PulmuError ? this.#placed(error.problems) : error;
    }
  }

  finish(): void {
    if (this.#requests > 0) return;
    const rule = this.#parse === undefined ? "the trace is empty" : "the trace is empty: a header without requests";
    throw new PulmuError({ code: "trace.empty", file: this.#file, rule });
  }

  refuseLongLine(): never {
    this.#line++;
    throw this.#placed([{ code: "trace.long-line", rule: `the line is longer than ${MAX_LINE_BYTES} bytes: this is not a request trace` }]);
  }

  #placed(problems: readonly Problem[]): PulmuError {
    return new PulmuError(problems.map((problem) => ({ ...problem, file: this.#file, line: this.#line })));
  }
}

function recognise(firstLine: string): TraceFormat {
  const [best, columns] = FORMATS.map((format) => [format, format.recognise(firstLine)] as const).reduce((a, b) => (b[1] > a[1] ? b : a));
  if (columns > 0) return best;
  // oxlint-disable-next-line no-control-regex
  const binary = /[\u0000-\u0008\u000e-\u001f\ufffd]/.test(firstLine);
  throw new PulmuError({
    code: binary ? "trace.binary" : "trace.unknown-format",
    ...(!binary && { value: firstLine.slice(0, 80) }),
    rule: binary ? "this is not text" : "this first line is that of no known trace format",
    hint: `known are ${FORMATS.map((format) => `${format.name} (${format.columns.join(", ")})`).join("; ")}; also gzipped`,
  });
}

function outOfOrder(atS: number, lastAtS: number, lastLine: number, value: string): PulmuError {
  return new PulmuError({
    code: "trace.out-of-order",
    value,
    rule: `requests must be in order of time, but this one comes at ${tidy(atS)} s and the one on line ${lastLine} at ${tidy(lastAtS)} s (counted from the first request)`,
    hint: "sort the file by time",
  });
}

/** To the microsecond, without what binary fractions add. */
const tidy = (seconds: number): number => Number(seconds.toFixed(6));

function overContext({ promptTokens, outputTokens }: Request, contextTokens: number): PulmuError {
  return new PulmuError({
    code: "trace.over-context",
    value: `${promptTokens} + ${outputTokens}`,
    rule: `prompt and output exceed the model's context of ${contextTokens} tokens`,
    hint: "leave the request out or take another model",
  });
}
