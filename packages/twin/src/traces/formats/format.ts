import type { Request } from "../request.ts";

export type TraceFormatName = "azure" | "mooncake" | "splitwise";

/** Reads the request on one line: the bytes [from, end) of `data`. Throws a PulmuError without file and line: the reader adds them. */
export type RowParser = (data: Buffer, from: number, end: number) => Request;

/** A file format of request traces. One per file of this folder. */
export interface TraceFormat {
  readonly name: TraceFormatName;
  /** What a line holds, for people. */
  readonly columns: readonly string[];
  /** How many of its columns the first line names; 0 = some other format. */
  recognise(firstLine: string): number;
  /** A parser for the lines of one file, in order; the first line itself is data unless `hasHeader`. */
  open(firstLine: string): RowParser;
  readonly hasHeader: boolean;
}
