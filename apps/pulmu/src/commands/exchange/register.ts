import { parseQuantity, PulmuError } from "@pulmu/units";
import { InvalidArgumentError, type Command } from "commander";
import type { ExitCode } from "../../exit.ts";

export interface Registration {
  readonly finish: (code: ExitCode) => void;
  readonly addExamples: (command: Command, examples: readonly (readonly [line: string, what: string])[]) => void;
}

/** `pulmu exchange …`: commands that speak to a DSX Exchange bus. */
export function addExchange(program: Command, { finish, addExamples }: Registration): void {
  const exchange = program
    .command("exchange")
    .summary("check, record and replay a DSX Exchange bus")
    .helpCommand(false)
    .description("Speaks to a DSX Exchange bus over MQTT 3.1.1: BMS points, Flex events, machine states.");

  const check = addBrokerOptions(
    exchange
      .command("check")
      .summary("watch live traffic, or a recording, for what breaks the contracts")
      .description(
        "Watches a broker, or reads a recording, and tells what breaks the contracts of DSX Exchange: the letter (topics, JSON, fields) and " +
          "the conduct (metadata, republishing, heartbeats, units, power path, life of load targets and breaches, signatures). Exit code 1: errors.",
      )
      .argument("[broker]", "mqtt://host:1883 or mqtts://host:8883")
      .option("--recording <file>", "read this recording instead (offset,topic,payload; also gzipped)")
      .option("--duration <time>", "how long to watch; under 110 s republishing cannot be judged", seconds, 150)
      .option("--trust <source=jwks...>", "verify this source's signatures with the keys of this file or address")
      .option("--accept-unsigned", "let unsigned Flex data pass")
      .option("--strict", "exit code 1 also for warnings")
      .option("--junit <file>", "also write a JUnit report")
      .option("--json", "print the report as JSON"),
  ).action(async (broker, options) => finish(await (await import("./check.ts")).check(broker, options)));
  addExamples(check, [
    ["pulmu exchange check mqtt://127.0.0.1:1883", "watch the factory that `pulmu up` runs"],
    ["pulmu exchange check mqtts://bus.example.com --ca ca.pem --topic 'BMS/v1/PUB/#'", "somebody's BMS, with what we may read"],
    ["pulmu exchange check --recording day.csv.gz --json | jq .contractViolations", "offline, for a script"],
    ["pulmu exchange check mqtt://127.0.0.1:1883 --trust //grid/v1/isv/kpx=kpx.jwks.json", "and whether its events are genuine"],
    ["pulmu exchange check mqtt://127.0.0.1:1883 --duration '10 min' --junit exchange.xml", "for a build server"],
  ]);

  const record = addBrokerOptions(
    exchange
      .command("record")
      .summary("write what comes to a file")
      .description("Writes the messages that come to a recording: CSV with offset, topic and payload.")
      .argument("<broker>", "mqtt://host:1883 or mqtts://host:8883")
      .requiredOption("--out <file>", "where to write; .gz is gzipped")
      .option("--duration <time>", "how long (default: until Ctrl-C)", seconds)
      .option("--delivery", "also keep QoS and the retain flag, in two more columns")
      .option("--force", "replace a file that is already there"),
  ).action(async (broker, options) => finish(await (await import("./record.ts")).record(broker, options)));
  addExamples(record, [["pulmu exchange record mqtt://127.0.0.1:1883 --out day.csv.gz --duration '5 min'", "five minutes of the bus"]]);

  const replay = addBrokerOptions(
    exchange
      .command("replay")
      .summary("publish a recording again")
      .description("Publishes a recording at its own pace. Values say the time at which they are sent, unless --keep-times.")
      .argument("<recording>", "file that `record` wrote, or another of that form")
      .argument("<broker>", "mqtt://host:1883 or mqtts://host:8883")
      .option("--speed <factor>", "times as fast", factor, 1)
      .option("--keep-times", "leave timestamps as they were recorded"),
  ).action(async (file, broker, options) => finish(await (await import("./replay.ts")).replayFile(file, broker, options)));
  addExamples(replay, [["pulmu exchange replay day.csv.gz mqtt://127.0.0.1:1883 --speed 10", "ten times as fast"]]);
  addExamples(exchange, [["pulmu exchange check mqtt://127.0.0.1:1883", "is this bus sound?"]]);
}

function addBrokerOptions(command: Command): Command {
  return addBrokerLogin(command).option("--topic <filter...>", "topics to read (default: all of the contracts)");
}

/** How to get into a broker: the same options for every command that speaks to one. */
export function addBrokerLogin(command: Command): Command {
  return command
    .option("--client-id <id>", "our client id; two clients with the same one evict each other (default: one of our own)")
    .option("--user <name>", "user name")
    .option("--password-file <file>", "file with the password")
    .option("--token-url <url>", "OAuth 2 token endpoint; the token is shown as the user oauthtoken's password")
    .option("--token-client <id>", "OAuth 2 client id")
    .option("--token-secret-file <file>", "file with the OAuth 2 client secret")
    .option("--ca <file>", "certificate of the broker's authority, PEM")
    .option("--cert <file>", "our certificate, PEM")
    .option("--key <file>", "our key, PEM")
    .option("--prefix <prefix>", "put before every topic, such as cpc/sejong-1");
}

function seconds(text: string): number {
  try {
    return parseQuantity(text, "duration");
  } catch (error) {
    throw error instanceof PulmuError ? new InvalidArgumentError(error.message) : error;
  }
}

function factor(text: string): number {
  const value = Number(text);
  if (!(value >= 0.01 && value <= 10_000)) throw new InvalidArgumentError("It is a number from 0.01 to 10000.");
  return value;
}
