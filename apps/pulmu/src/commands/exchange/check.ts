import { createReadStream, writeFileSync } from "node:fs";
import { checkTraffic, readRecording, toJUnit, type CheckOptions, type CheckReport } from "@pulmu/exchange";
import { formatDuration, PulmuError } from "@pulmu/units";
import { EXIT, printJson, type ExitCode } from "../../exit.ts";
import { catchStop } from "../../stop-signal.ts";
import { createStyle, wantsColour } from "../../terminal/style.ts";
import { connect, watchTopics, type BrokerOptions } from "./broker.ts";
import { findingsText } from "./findings.ts";

export interface CheckCommandOptions extends BrokerOptions {
  readonly recording?: string;
  /** Seconds that a broker is watched. */
  readonly duration: number;
  readonly acceptUnsigned?: boolean;
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly junit?: string;
}

/**
 * `pulmu exchange check BROKER`, or `--recording FILE`: what in the traffic breaks the contracts.
 * @throws PulmuError when the broker or the recording cannot be read
 */
export async function check(address: string | undefined, options: CheckCommandOptions): Promise<ExitCode> {
  const { recording } = options;
  if ((address === undefined) === (recording === undefined)) {
    throw new PulmuError({ code: "exchange.option", rule: "name either a broker, such as mqtt://127.0.0.1:1883, or --recording FILE" });
  }
  const checking: CheckOptions = { signing: options.acceptUnsigned ? "accept-unsigned" : "require" };
  const report = recording === undefined ? await checkBroker(address!, options, checking) : await checkRecording(recording, checking);

  if (options.junit !== undefined) writeFileSync(options.junit, toJUnit(report));
  if (options.json) printJson(report);
  else process.stdout.write(findingsText(report, recording ?? address!, createStyle(wantsColour(process.stdout, process.env))));
  const known = report.messages - report.seen.foreign;
  if (known === 0) process.stderr.write("no message of any contract was seen: is this the right broker, and may we read there?\n");
  return report.errors > 0 || known === 0 || (options.strict && report.warnings > 0) ? EXIT.failed : EXIT.ok;
}

async function checkRecording(file: string, checking: CheckOptions): Promise<CheckReport> {
  return checkTraffic(readRecording(openFile(file), { name: file }), { ...checking, maxQos: 0 });
}

async function checkBroker(address: string, options: CheckCommandOptions, checking: CheckOptions): Promise<CheckReport> {
  const client = await connect(address, "check", options);
  try {
    const { messages, maxQos } = await watchTopics(client, options);
    process.stderr.write(`watching ${client.address.shown} for ${formatDuration(options.duration)}; Ctrl-C ends it sooner\n`);
    const stop = catchStop();
    const timer = setTimeout(() => void messages.stop(), options.duration * 1000);
    void stop.wait.then(() => messages.stop());
    const report = await checkTraffic(messages, { ...checking, maxQos }, Date.now);
    clearTimeout(timer);
    stop.release();
    return report;
  } finally {
    await client.close();
  }
}

/** @throws PulmuError `recording.unreadable` */
export async function* openFile(file: string): AsyncGenerator<Uint8Array, void> {
  try {
    yield* createReadStream(file);
  } catch (error) {
    throw new PulmuError({ code: "recording.unreadable", file, rule: `cannot be read: ${(error as Error).message}` });
  }
}
