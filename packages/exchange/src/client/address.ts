import { PulmuError } from "@pulmu/units";

/** Where a broker listens, and who we are there when the address says so. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  /** The address without its password: for people and logs. */
  readonly shown: string;
}

const PORTS = { "mqtt:": 1883, "mqtts:": 8883 } as const;

/**
 * `mqtt://host:1883`, or `mqtts://host:8883` for TLS; the ports may be left out.
 * @throws PulmuError `exchange.address`
 */
export function parseBrokerAddress(text: string): BrokerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const defaultPort = url === undefined ? undefined : PORTS[url.protocol as keyof typeof PORTS];
  if (url === undefined || defaultPort === undefined || url.hostname === "" || !/^\/?$/.test(url.pathname) || url.search !== "") {
    throw new PulmuError({
      code: "exchange.address",
      value: text.replace(/:[^:/@]*@/, ":…@"),
      rule: "is no address of an MQTT broker",
      hint: "mqtt://127.0.0.1:1883, or mqtts://broker.example.com:8883",
    });
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1"); // IPv6
  const port = url.port === "" ? defaultPort : Number(url.port);
  return {
    host,
    port,
    tls: url.protocol === "mqtts:",
    ...(url.username !== "" && { username: decodeURIComponent(url.username) }),
    ...(url.password !== "" && { password: decodeURIComponent(url.password) }),
    shown: `${url.protocol}//${url.hostname}:${port}`,
  };
}
