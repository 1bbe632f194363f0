import type { AddressInfo } from "node:net";
import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import { type Problem, PulmuError } from "@pulmu/units";
import type { FactoryApp } from "./app.ts";

const MAX_CONNECTIONS = 256;

/** A server that accepts connections. */
export interface Listening {
  readonly url: string;
  /** Stops at once: open connections are cut. */
  close(): Promise<void>;
}

/**
 * Serves an application at an address; port 0 takes any free one.
 * @throws PulmuError `server.*` when the port is taken, forbidden, or the address is not this machine's
 */
export async function listen(app: Pick<FactoryApp, "fetch">, host: string, port: number): Promise<Listening> {
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>();
  const server = serve(
    {
      fetch: app.fetch,
      hostname: host,
      port,
      overrideGlobalObjects: false,
      serverOptions: { requestTimeout: 10_000, maxHeaderSize: 16_384 },
    },
    resolve,
  ) as Server;
  server.maxConnections = MAX_CONNECTIONS;
  server.once("error", reject);
  const address = await promise.catch((error: NodeJS.ErrnoException) => {
    throw new PulmuError(listenProblem(error, host, port, "--port"));
  });
  return {
    url: `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** Why an address cannot be listened on, and what to do; `option` is how the command line calls the port. */
export function listenProblem(error: NodeJS.ErrnoException, host: string, port: number, option: string): Problem {
  const place = { path: option, value: String(port) };
  switch (error.code) {
    case "EADDRINUSE":
      return {
        code: "server.port-in-use",
        ...place,
        rule: `something on ${host} uses this port already`,
        hint: `choose another, or ${option} 0 for any free one`,
      };
    case "EACCES":
      return { code: "server.port-forbidden", ...place, rule: "this user may not open this port", hint: "ports from 1024 are free to use" };
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return {
        code: "server.host",
        path: "--host",
        value: host,
        rule: "not an address of this machine",
        hint: "127.0.0.1, ::1 or 0.0.0.0",
      };
    default:
      return { code: "server.listen", ...place, rule: `cannot listen on ${host}: ${error.message}` };
  }
}
