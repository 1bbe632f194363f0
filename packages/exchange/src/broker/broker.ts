import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { PulmuError } from "@pulmu/units";
import { Aedes, type AedesOptions } from "aedes";
import { BUS_LIMITS } from "../client/limits.ts";
import { guardPackets } from "./packet-guard.ts";

export interface BrokerOptions extends Pick<AedesOptions, "authenticate" | "authorizePublish" | "authorizeSubscribe"> {
  /** Loopback unless said otherwise: the embedded broker asks nobody for a password by itself. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM texts. With `ca`, clients must show a certificate that it signed. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** Longest payload; a client that announces more is cut off before it is read. 4 MiB by default. */
  readonly maxPayloadBytes?: number;
  /** Told of packets that were too long, and from where they came. */
  readonly onTooLong?: (bytes: number, from: string) => void;
}

/** A broker in this process. */
export interface EmbeddedBroker {
  readonly host: string;
  readonly port: number;
  /** `mqtt://127.0.0.1:1883` */
  readonly address: string;
  /** Ends every connection. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 256;
/** Longest client id; MQTT 3.1.1 only promises 23, ours say what they are. */
const MAX_CLIENT_ID = 128;
/** What a PUBLISH has before its payload, at most: topic with its length, and packet id. */
const MAX_PUBLISH_HEAD = 2 + 65_535 + 2;

/**
 * Starts the embedded broker (Aedes, MQTT 3.1.1, QoS 0 to 2, everything in memory).
 * @throws PulmuError `exchange.port-in-use`, `exchange.listen`
 */
export async function startBroker({
  host = "127.0.0.1",
  port,
  tls,
  maxPayloadBytes = BUS_LIMITS.maxPayloadBytes,
  onTooLong = () => {},
  ...rules
}: BrokerOptions): Promise<EmbeddedBroker> {
  const aedes = await Aedes.createBroker({ maxClientsIdLength: MAX_CLIENT_ID, ...rules });
  // Aedes tells copies for overlapping subscriptions by a running number, and takes a message that was overtaken for one: what is
  // retained, or has QoS 1 or 2, is stored first and overtaken by QoS 0 (moscajs/aedes, issues 994 and 955). A copy is harmless, so none is dropped.
  const neverSeen = Object.defineProperty({}, aedes.id, { get: () => 0, set: () => {} });
  aedes.on("client", (client) => Object.assign(client, { duplicates: neverSeen }));
  aedes.on("clientError", () => {}); // a client that breaks the protocol is cut off; that is all there is to do
  aedes.on("connectionError", () => {});
  const serve = (socket: Socket) => {
    const from = `${socket.remoteAddress}:${socket.remotePort}`;
    guardPackets(socket, maxPayloadBytes + MAX_PUBLISH_HEAD, (bytes) => onTooLong(bytes, from));
    aedes.handle(socket);
  };
  const server: Server =
    tls === undefined
      ? createServer(serve)
      : createTlsServer({ ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: true }, serve);
  server.maxConnections = MAX_CONNECTIONS;
  try {
    await listen(server, host, port);
  } catch (error) {
    await new Promise<void>((resolve) => aedes.close(resolve));
    throw refusal(error as NodeJS.ErrnoException, host, port);
  }
  const address = server.address() as AddressInfo;
  const scheme = tls === undefined ? "mqtt" : "mqtts";
  const shownHost = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    host,
    port: address.port,
    address: `${scheme}://${shownHost}:${address.port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => aedes.close(resolve));
      await closed;
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve());
  });
}

function refusal(error: NodeJS.ErrnoException, host: string, port: number): PulmuError {
  const value = `${host}:${port}`;
  if (error.code === "EADDRINUSE") {
    return new PulmuError({
      code: "exchange.port-in-use",
      value,
      rule: "something uses this port already, perhaps another broker",
      hint: "use that broker, or another port; 0 takes any free one",
    });
  }
  return new PulmuError({ code: "exchange.listen", value, rule: `the broker cannot listen there: ${error.message}` });
}
