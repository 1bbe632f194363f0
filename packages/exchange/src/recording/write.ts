import type { BusMessage } from "../message.ts";
import { csvField } from "./csv.ts";
import { formatGoDuration } from "./duration.ts";

/** Bytes gathered before they are given out. */
const BLOCK_BYTES = 64 * 1024;

/**
 * The messages as a recording that `readRecording` reads. `delivery` adds the columns `qos,retain`, which other readers of the format
 * may not know. A payload is kept byte for byte.
 */
export async function* writeRecording(
  messages: AsyncIterable<BusMessage>,
  { delivery = false }: { readonly delivery?: boolean } = {},
): AsyncGenerator<Buffer, void> {
  let block = `offset,topic,payload${delivery ? ",qos,retain" : ""}\n`;
  let startMs: number | undefined;
  for await (const { topic, payload, qos, retain, atMs } of messages) {
    startMs ??= atMs;
    const offset = formatGoDuration(Math.max(0, atMs - startMs));
    const name = csvField(Buffer.from(topic).toString("latin1")); // one character for each byte, in the whole block
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("latin1").replaceAll('"', '""');
    block += `${offset},${name},"${text}"${delivery ? `,${qos},${retain}` : ""}\n`;
    if (block.length < BLOCK_BYTES) continue;
    yield Buffer.from(block, "latin1");
    block = "";
  }
  yield Buffer.from(block, "latin1");
}
