import { createWriteStream, existsSync, renameSync, rmSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { writeRecording, type BusMessage } from "@pulmu/exchange";
import { formatDuration, PulmuError } from "@pulmu/units";
import { EXIT, type ExitCode } from "../../exit.ts";
import { catchStop } from "../../stop-signal.ts";
import { grouped } from "../../terminal/format.ts";
import { connect, watchTopics, type BrokerOptions } from "./broker.ts";

export interface RecordOptions extends BrokerOptions {
  readonly out: string;
  /** Seconds; undefined: until Ctrl-C. */
  readonly duration?: number;
  readonly delivery?: boolean;
  readonly force?: boolean;
}

/**
 * `pulmu exchange record BROKER --out FILE`: what comes, as a recording; gzipped when the name ends in `.gz`. The file appears when it is
 * whole.
 * @throws PulmuError when the broker cannot be reached or the file not be written
 */
export async function record(address: string, options: RecordOptions): Promise<ExitCode> {
  const { out, duration, delivery = false } = options;
  if (existsSync(out) && !options.force) {
    throw new PulmuError({ code: "recording.exists", file: out, rule: "is there already", hint: "--force replaces it" });
  }
  const client = await connect(address, "record", options);
  const part = `${out}.part`;
  let count = 0;
  try {
    const { messages } = await watchTopics(client, options);
    process.stderr.write(
      `recording ${client.address.shown}${duration === undefined ? "" : ` for ${formatDuration(duration)}`}; Ctrl-C ends it\n`,
    );
    const stop = catchStop();
    const timer = duration === undefined ? undefined : setTimeout(() => void messages.stop(), duration * 1000);
    void stop.wait.then(() => messages.stop());
    const counted = async function* (): AsyncGenerator<BusMessage, void> {
      for await (const message of messages) {
        count++;
        yield message;
      }
    };
    const rows = Readable.from(writeRecording(counted(), { delivery }));
    const file = createWriteStream(part);
    await (out.endsWith(".gz") ? pipeline(rows, createGzip(), file) : pipeline(rows, file));
    clearTimeout(timer);
    stop.release();
    renameSync(part, out);
  } catch (error) {
    rmSync(part, { force: true });
    if (error instanceof PulmuError || !(error instanceof Error) || !("errno" in error)) throw error;
    throw new PulmuError({ code: "recording.unwritable", file: out, rule: `cannot be written: ${error.message}` });
  } finally {
    await client.close();
  }
  process.stdout.write(`${out}: ${grouped(count)} messages\n`);
  return EXIT.ok;
}
