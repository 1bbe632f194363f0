import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { EmulatedBmc } from "./emulated-bmc.ts";

export interface ServeBmcsOptions {
  /** 0 = any free one. */
  readonly port?: number;
  /** Certificate and key, PEM. Without them http in the clear; either way on this machine only. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface BmcServer {
  /** Address of a BMC: `http://127.0.0.1:8080/h1/r01/01/tray-03`. */
  urlOf(id: string): string;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 64 * 1024;

/** Serves emulated BMCs, each below a path of its own, on this machine. */
export async function serveBmcs(bmcs: ReadonlyMap<string, EmulatedBmc>, { port = 0, tls }: ServeBmcsOptions = {}): Promise<BmcServer> {
  const listener: RequestListener = (request, response) => {
    void serve(bmcs, request, response);
  };
  const server = tls === undefined ? createHttpServer(listener) : createHttpsServer(tls, listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const origin = `${tls === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    urlOf: (id) => `${origin}/${id}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(bmcs: ReadonlyMap<string, EmulatedBmc>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url ?? "";
  const at = url.indexOf("/redfish/v1");
  const bmc = at < 0 ? undefined : bmcs.get(decodeURI(url.slice(1, at)));
  if (bmc === undefined) {
    response.writeHead(404).end();
    return;
  }
  bmc.began();
  response.once("close", () => bmc.ended());
  const { faults } = bmc;
  const body = await readBody(request);
  if (faults.silent || body === undefined) return;
  if (faults.drops > 0) {
    faults.drops--;
    request.socket.destroy();
    return;
  }
  if (faults.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.delayMs));
  const {
    status,
    headers,
    body: answer,
  } = bmc.answer({
    method: request.method ?? "GET",
    path: url.slice(at),
    token: header(request, "x-auth-token"),
    ifMatch: header(request, "if-match"),
    body,
  });
  const text = answer === undefined ? "" : JSON.stringify(answer);
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(faults.garbles ? text.slice(0, Math.floor(text.length / 2)) : text);
}

/** Undefined when it breaks off or is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) {
        request.destroy();
        return undefined;
      }
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}
