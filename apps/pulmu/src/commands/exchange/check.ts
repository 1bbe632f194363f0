import { createReadStream, writeFileSync } from "node:fs";
import {
  checkTraffic,
  readRecording,
  toJUnit,
  Trust,
  verifyData,
  type CheckOptions,
  type CheckReport,
  type FlexEvent,
  type TrustedSource,
} from "@pulmu/exchange";
import { formatDuration, PulmuError, type Problem } from "@pulmu/units";
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
  /** `SOURCE=JWKS`, each. */
  readonly trust?: readonly string[];
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
  const trust = options.trust === undefined ? undefined : new Trust(options.trust.map(readTrust));
  const checking: CheckOptions = {
    signing: options.acceptUnsigned ? "accept-unsigned" : "require",
    ...(trust !== undefined && { verify: (event) => verify(event, trust) }),
  };
  const report = recording === undefined ? await checkBroker(address!, options, checking) : await checkRecording(recording, checking);

  if (options.junit !== undefined) writeFileSync(options.junit, toJUnit(report));
  if (options.json) printJson(report);
  else process.stdout.write(findingsText(report, recording ?? address!, createStyle(wantsColour(process.stdout, process.env))));
  for (const problem of trust?.problems ?? []) process.stderr.write(`keys could not be read: ${problem}\n`);
  const known = report.messages - report.seen.foreign;
  if (known === 0) process.stderr.write("no message of any contract was seen: is this the right broker, and may we read there?\n");
  return report.errors > 0 || known === 0 || (options.strict && report.warnings > 0) ? EXIT.failed : EXIT.ok;
}

function readTrust(text: string): TrustedSource {
  const [, source, jwks] = /^(\/\/grid\/v1\/[^=]+)=(.+)$/.exec(text) ?? [];
  if (source !== undefined && jwks !== undefined) return { source, jwks };
  const hint = "--trust //grid/v1/isv/kpx=keys.json";
  throw new PulmuError({ code: "exchange.option", value: text, rule: "names a source and the file or address of its JWKS", hint });
}

async function verify(event: FlexEvent, trust: Trust): Promise<readonly Problem[]> {
  const verified = await verifyData(event.data as string, event, trust); // the checker asks for signed events only
  return verified.ok ? [] : [verified.problem];
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
