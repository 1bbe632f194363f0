import { FLEX_CHANNELS, parseTopic, readRecording, replay, wallClock, type BusMessage, type Qos } from "@pulmu/exchange";
import { EXIT, type ExitCode } from "../../exit.ts";
import { catchStop } from "../../stop-signal.ts";
import { grouped } from "../../terminal/format.ts";
import { connect, type BrokerOptions } from "./broker.ts";
import { openFile } from "./check.ts";

export interface ReplayCommandOptions extends BrokerOptions {
  readonly speed: number;
  readonly keepTimes?: boolean;
}

/**
 * `pulmu exchange replay FILE BROKER`: publishes a recording at its own pace.
 * @throws PulmuError when the recording breaks its form or the broker cannot be reached
 */
export async function replayFile(file: string, address: string, options: ReplayCommandOptions): Promise<ExitCode> {
  const client = await connect(address, "replay", options);
  const stop = catchStop();
  const abort = new AbortController();
  void stop.wait.then(() => abort.abort());
  try {
    const messages = readRecording(openFile(file), { name: file });
    const publish = (message: BusMessage) =>
      client.publish(message.topic, message.payload, { qos: qosOf(message), retain: message.retain });
    const { speed, keepTimes = false } = options;
    const count = await replay(messages, publish, { clock: wallClock, speed, keepTimes, signal: abort.signal });
    process.stdout.write(`${grouped(count)} messages published to ${client.address.shown}\n`);
    return EXIT.ok;
  } finally {
    stop.release();
    await client.close();
  }
}

/** A recording may not tell its QoS: then an event goes at that of its channel. */
function qosOf({ topic, qos }: BusMessage): Qos {
  const parsed = parseTopic(topic);
  const asked = parsed.ok && parsed.value.contract === "flex" ? FLEX_CHANNELS[parsed.value.type].qos : 0;
  return Math.max(qos, asked) as Qos;
}
