import { type FileHandle, open, rename, rm } from "node:fs/promises";
import type { Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { ByteWriter, type ColumnSource, ParquetWriter, type SchemaElement } from "hyparquet-writer";
import { METERS } from "../usage/record.ts";
import { foldAll } from "../usage/rollups.ts";
import { readUsage, sumUsage, type UsageFilter, type UsageRow } from "../usage/query.ts";
import { csvLine } from "./csv.ts";

export const EXPORT_FORMATS = ["csv", "parquet"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface UsageExport {
  readonly filter: UsageFilter;
  readonly file: string;
  readonly format: ExportFormat;
  readonly onProgress?: (records: number, total: number) => void;
}

/** What one format needs to know: how a file begins, a page of rows goes on, and it ends. */
interface Encoder {
  start(): Uint8Array;
  rows(page: readonly UsageRow[]): Uint8Array;
  end(): Uint8Array;
}

const TEXTS = ["id", "kind", "tenantId", "projectId", "keyId", "modelId", "acceleratorId", "corrects", "traceparent"] as const;
const PAGE_ROWS = 10_000;

/** Usage records in a format, page by page: memory stays flat however many there are. */
export async function* usageBytes(
  store: Store,
  { filter, format, onProgress }: Omit<UsageExport, "file">,
): AsyncGenerator<Uint8Array, number> {
  await foldAll(store);
  const [{ records: total }] = await sumUsage(store, filter, []);
  const encoder = format === "csv" ? csvEncoder() : parquetEncoder();
  yield encoder.start();
  let written = 0;
  for await (const page of readUsage(store, filter, PAGE_ROWS)) {
    yield encoder.rows(page);
    written += page.length;
    onProgress?.(written, Math.max(total, written));
  }
  yield encoder.end();
  return written;
}

/**
 * Writes usage records to a file, which appears under its name when it is whole.
 * @returns records written
 * @throws PulmuError `export.file` when it cannot be written
 */
export async function exportUsage(store: Store, { file, ...what }: UsageExport): Promise<number> {
  const part = `${file}.part`;
  let handle: FileHandle | undefined;
  try {
    handle = await open(part, "w");
    const bytes = usageBytes(store, what);
    let next = await bytes.next();
    for (; next.done !== true; next = await bytes.next()) await handle.write(next.value);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(part, file);
    return next.value;
  } catch (error) {
    await handle?.close();
    await rm(part, { force: true });
    if (error instanceof PulmuError || (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new PulmuError({
      code: "export.file",
      file,
      value: (error as Error).message,
      rule: "the export cannot be written",
      hint: "check the folder and the space on the disk; nothing was left behind",
    });
  }
}

function csvEncoder(): Encoder {
  const header = ["seq", "recordedAt", "at", ...TEXTS, ...METERS, "listCostMicroKrw"];
  const line = ({ seq, record, recordedMs, costMicroKrw }: UsageRow) =>
    csvLine([
      seq,
      new Date(recordedMs).toISOString(),
      new Date(record.atMs).toISOString(),
      ...TEXTS.map((name) => record[name] ?? ""),
      ...METERS.map((meter) => record.meters[meter] ?? 0),
      costMicroKrw,
    ]);
  return { start: () => Buffer.from(csvLine(header)), rows: (page) => Buffer.from(page.map(line).join("")), end: () => new Uint8Array() };
}

function parquetEncoder(): Encoder {
  const required = (name: string, type: object) => ({ name, repetition_type: "REQUIRED", ...type }) as SchemaElement;
  const time = { type: "INT64", converted_type: "TIMESTAMP_MILLIS" };
  const integer = { type: "INT64" };
  const text = { type: "BYTE_ARRAY", converted_type: "UTF8" };
  const columns = [
    required("seq", integer),
    required("recordedAt", time),
    required("at", time),
    ...TEXTS.map((name) => required(name, text)),
    ...METERS.map((meter) => required(meter, integer)),
    required("listCostMicroKrw", integer),
  ];
  const bytes = new ByteWriter(1 << 20);
  let waiting: Uint8Array[] = [];
  const collect = () => {
    waiting.push(bytes.getBytes().slice());
    bytes.index = 0;
  };
  bytes.finish = collect;
  const writer = new ParquetWriter({
    writer: Object.assign(bytes, { flush: collect }),
    schema: [{ name: "root", num_children: columns.length }, ...columns],
    createdBy: "pulmu",
  });
  const take = () => {
    const taken = Buffer.concat(waiting);
    waiting = [];
    return taken;
  };
  const integers = (page: readonly UsageRow[], of: (row: UsageRow) => number | bigint) =>
    BigInt64Array.from(page, (row) => BigInt(of(row)));
  return {
    start: () => new Uint8Array(),
    rows: (page) => {
      const columnData: ColumnSource[] = [
        { name: "seq", data: integers(page, (row) => row.seq) },
        { name: "recordedAt", data: integers(page, (row) => row.recordedMs) },
        { name: "at", data: integers(page, (row) => row.record.atMs) },
        ...TEXTS.map((name) => ({ name, data: page.map(({ record }) => record[name] ?? "") })),
        ...METERS.map((meter) => ({ name: meter, data: integers(page, ({ record }) => record.meters[meter] ?? 0) })),
        { name: "listCostMicroKrw", data: integers(page, (row) => row.costMicroKrw) },
      ];
      void writer.write({ columnData, rowGroupSize: page.length }); // synchronous, as the byte writer beneath it is
      return take();
    },
    end: () => {
      void writer.finish();
      return take();
    },
  };
}
