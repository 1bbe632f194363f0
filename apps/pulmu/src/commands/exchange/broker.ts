import { readFileSync } from "node:fs";
import {
  BusClient,
  fixedLogin,
  OauthTokens,
  wallClock,
  watch,
  type BusNotice,
  type BusOptions,
  type LoginSource,
  type Qos,
  type Watch,
} from "@pulmu/exchange";
import { PulmuError } from "@pulmu/units";

/** How to get into a broker, as options of a command. Secrets come from files: what stands in a command line, others can read. */
export interface BrokerOptions {
  readonly clientId?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly tokenUrl?: string;
  readonly tokenClient?: string;
  readonly tokenSecretFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly prefix?: string;
  readonly topic?: readonly string[];
}

/** The name spaces of the three contracts, also of federated clusters. */
const ALL_TOPICS = ["BMS/#", "grid/#", "NICO/#", "cpc/+/BMS/#", "cpc/+/grid/#", "cpc/+/NICO/#"];
/** Above the contract's 4 MiB, so that a larger message is seen and told. */
const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;

/** @throws PulmuError when an option is wrong or the broker cannot be reached; see `BusClient.connect` */
export async function connect(address: string, purpose: string, options: BrokerOptions): Promise<BusClient> {
  const bus = busOptions(address, options.clientId ?? `pulmu-${purpose}-${process.pid}`, options);
  return BusClient.connect({ ...bus, limits: { maxPayloadBytes: MAX_PAYLOAD_BYTES } }, tell);
}

/** A connection as the options of a command say it. @throws PulmuError when one is wrong */
export function busOptions(address: string, clientId: string, options: BrokerOptions): BusOptions {
  const login = loginOf(options);
  return {
    address,
    clientId,
    ...(login !== undefined && { login }),
    tls: {
      ...(options.ca !== undefined && { ca: read(options.ca, "--ca") }),
      ...(options.cert !== undefined && { cert: read(options.cert, "--cert") }),
      ...(options.key !== undefined && { key: read(options.key, "--key") }),
    },
    ...(options.prefix !== undefined && { topicPrefix: options.prefix.replace(/\/?$/, "/") }),
  };
}

/** The messages that come, and the best QoS at which they can. */
export interface Watching {
  readonly messages: Watch;
  readonly maxQos: Qos;
}

/**
 * Watches the topics asked for, or all of the contracts'; tells of those that the broker does not let us read.
 * @throws PulmuError `exchange.subscribe-refused` when it lets us read none
 */
export async function watchTopics(client: BusClient, { topic = ALL_TOPICS }: BrokerOptions): Promise<Watching> {
  const granted: string[] = [];
  const refused: string[] = [];
  let maxQos: Qos = 2;
  for (const filter of topic) {
    const ignore = () => {};
    try {
      const qos = await client.subscribe(filter, 2, ignore);
      await client.unsubscribe(filter, ignore); // what is retained comes again with the watch
      granted.push(filter);
      if (qos < maxQos) maxQos = qos;
    } catch (error) {
      if (!(error instanceof PulmuError) || error.code !== "exchange.subscribe-refused") throw error;
      refused.push(filter);
    }
  }
  if (granted.length === 0) {
    const hint = "ask for topics that you may read: --topic BMS/v1/PUB/#";
    throw new PulmuError({
      code: "exchange.subscribe-refused",
      value: refused.join(", "),
      rule: "the broker lets us read none of these",
      hint,
    });
  }
  if (refused.length > 0) process.stderr.write(`the broker does not let us read ${refused.join(", ")}\n`);
  return { messages: await watch(client, granted, 2), maxQos };
}

function loginOf(options: BrokerOptions): LoginSource | undefined {
  const { user, passwordFile, tokenUrl, tokenClient, tokenSecretFile } = options;
  if (tokenUrl !== undefined) {
    if (tokenClient === undefined || tokenSecretFile === undefined) {
      throw new PulmuError({ code: "exchange.option", value: "--token-url", rule: "needs --token-client and --token-secret-file" });
    }
    const clientSecret = read(tokenSecretFile, "--token-secret-file").trim();
    return new OauthTokens({ tokenUrl, clientId: tokenClient, clientSecret, scope: "mqtt" }, wallClock);
  }
  if (user === undefined) return undefined;
  return fixedLogin({ username: user, ...(passwordFile !== undefined && { password: read(passwordFile, "--password-file").trim() }) });
}

function read(file: string, option: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new PulmuError({ code: "exchange.option", file, value: option, rule: `cannot be read: ${(error as Error).message}` });
  }
}

function tell({ severity, text }: BusNotice): void {
  if (severity !== "info") process.stderr.write(`${text}\n`);
}
