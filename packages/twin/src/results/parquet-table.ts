import { ByteWriter, ParquetWriter, type ColumnSource, type SchemaElement } from "hyparquet-writer";
import type { OutFile } from "./run-directory.ts";

/** `timestamp`: epoch milliseconds, UTC. `float` for what is read off a meter, `double` for what is summed or hashed. */
export type ColumnType = "timestamp" | "double" | "float" | "int32" | "string";

export type Column = readonly [name: string, type: ColumnType];

/** Columns of a table whose rows are objects, in order and each exactly once. */
export type Columns<Row> = readonly (readonly [name: keyof Row & string, type: ColumnType])[];

/** A row group is held in memory until it is full: so many rows, and of a wide table at most so many bytes. */
const MAX_GROUP_ROWS = 100_000;
const MAX_GROUP_BYTES = 16 * 1024 * 1024;
/** Bytes a value takes while it waits (of a string, its reference). */
const WIDTH: Readonly<Record<ColumnType, number>> = { timestamp: 8, double: 8, float: 4, int32: 4, string: 8 };
const PAGE_BYTES = 1024 * 1024;

type ColumnBuffer = Float64Array | Float32Array | Int32Array | string[];

/**
 * A Parquet file that is written as the rows come, one row group at a time.
 *
 * Numbers are byte-stream-split before Snappy, which halves noisy series at no cost, and timestamps are delta-packed: both are
 * read by DuckDB, pyarrow, Polars and Spark. Every column is required; NaN stands for "none".
 */
export class ParquetTable {
  readonly #columns: readonly Column[];
  readonly #buffers: readonly ColumnBuffer[];
  readonly #groupRows: number;
  readonly #bytes = new ByteWriter(1 << 16);
  readonly #writer: ParquetWriter;
  readonly #file: OutFile;
  #rows = 0;

  constructor(file: OutFile, columns: readonly Column[]) {
    this.#file = file;
    this.#columns = columns;
    const rowBytes = columns.reduce((sum, [, type]) => sum + WIDTH[type], 0);
    this.#groupRows = Math.max(1, Math.min(MAX_GROUP_ROWS, Math.floor(MAX_GROUP_BYTES / rowBytes)));
    this.#buffers = columns.map(([, type]) => bufferOf(type, this.#groupRows));
    const toFile = (): void => {
      this.#file.write(this.#bytes.getBytes());
      this.#bytes.index = 0;
    };
    this.#bytes.finish = toFile;
    const writer = Object.assign(this.#bytes, { flush: toFile });
    this.#writer = new ParquetWriter({
      writer,
      schema: [{ name: "root", num_children: columns.length }, ...columns.map(schemaOf)],
      createdBy: "pulmu",
    });
  }

  /** Adds a row: values in the order of the columns. Copies them. O(columns). */
  append(values: ArrayLike<number | string>): void {
    const buffers = this.#buffers;
    const row = this.#rows;
    for (let i = 0; i < buffers.length; i++) (buffers[i] as (number | string)[])[row] = values[i];
    this.#rows = row + 1;
    if (this.#rows === this.#groupRows) this.#writeGroup();
  }

  /** Writes what is left, and the footer without which nobody can read the file. */
  close(): void {
    if (this.#rows > 0) this.#writeGroup();
    void this.#writer.finish(); // synchronous, as the byte writer beneath it is
    this.#file.close();
  }

  #writeGroup(): void {
    const rows = this.#rows;
    const columnData = this.#columns.map(([name, type], i) => sourceOf(name, type, this.#buffers[i], rows));
    void this.#writer.write({ columnData, rowGroupSize: rows, pageSize: PAGE_BYTES });
    this.#rows = 0;
  }
}

function bufferOf(type: ColumnType, rows: number): ColumnBuffer {
  if (type === "string") return [];
  if (type === "float") return new Float32Array(rows);
  if (type === "int32") return new Int32Array(rows);
  return new Float64Array(rows);
}

function schemaOf([name, type]: Column): SchemaElement {
  const column = { name, repetition_type: "REQUIRED" } as const;
  if (type === "timestamp") return { ...column, type: "INT64", converted_type: "TIMESTAMP_MILLIS" };
  if (type === "string") return { ...column, type: "BYTE_ARRAY", converted_type: "UTF8" };
  return { ...column, type: type === "double" ? "DOUBLE" : type === "float" ? "FLOAT" : "INT32" };
}

/** Statistics only where a reader skips row groups by them: times and names. */
function sourceOf(name: string, type: ColumnType, buffer: ColumnBuffer, rows: number): ColumnSource {
  if (type === "string") return { name, data: (buffer as string[]).slice(0, rows) };
  const data = (buffer as Float64Array).subarray(0, rows);
  if (type === "timestamp") return { name, data: BigInt64Array.from(data, BigInt), encoding: "DELTA_BINARY_PACKED" };
  if (type === "int32") return { name, data, encoding: "DELTA_BINARY_PACKED", statistics: false };
  return { name, data, encoding: "BYTE_STREAM_SPLIT", statistics: false };
}

/** Adds an object as a row. */
export function appendRow<Row extends { readonly [K in keyof Row]: number | string }>(
  table: ParquetTable,
  columns: Columns<Row>,
  row: Row,
): void {
  table.append(columns.map(([name]) => row[name]));
}
