import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { PulmuError } from "@pulmu/units";
import { fileError } from "@pulmu/units/yaml";

const CHUNK_BYTES = 1 << 18;

/**
 * Streams the bytes of a file or pipe, unpacked when it begins as gzip does (whatever its name).
 * @throws PulmuError `file.missing`, `file.is-directory`, `file.unreadable`, `trace.gzip-cut`, `trace.gzip-broken`.
 */
export async function* openTraceFile(file: string): AsyncGenerator<Buffer, void> {
  try {
    const raw = createReadStream(file, { highWaterMark: CHUNK_BYTES })[Symbol.asyncIterator]() as AsyncIterableIterator<Buffer>;
    const { value: first, done } = await raw.next();
    if (done) return;
    const bytes = prepend(first, raw);
    if (first[0] !== 0x1f || first[1] !== 0x8b) return yield* bytes;
    const unpacked = createGunzip({ chunkSize: CHUNK_BYTES });
    pipeline(bytes, unpacked, () => {}); // an error of either reaches the loop below through `unpacked`
    yield* unpacked;
  } catch (error) {
    throw explain(error, file);
  }
}

async function* prepend(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  yield first;
  yield* rest;
}

function explain(error: unknown, file: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "Z_BUF_ERROR") {
    return new PulmuError({ code: "trace.gzip-cut", file, rule: "the gzip file is cut short", hint: "copy or download it again" });
  }
  if (code?.startsWith("Z_")) return new PulmuError({ code: "trace.gzip-broken", file, rule: `the gzip file is damaged: ${message}` });
  return code === undefined ? error : fileError(error, file);
}
