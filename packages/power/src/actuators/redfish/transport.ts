import { X509Certificate } from "node:crypto";
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { PeerCertificate } from "node:tls";
import { deviceError } from "../problems.ts";

/** How a BMC proves who it is. */
export type Trust =
  /** By an authority of this machine's system. */
  | "system"
  /** By an authority of the site: certificates, PEM. */
  | { readonly ca: string }
  /** By being the holder of exactly this certificate, PEM, whoever signed it and whatever names stand in it. */
  | { readonly certificate: string }
  /** Not at all: http in the clear, to this machine only. For emulated BMCs. */
  | "plain-http-on-loopback";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Largest answer that is read, bytes: a resource with power limits has about a thousand. */
const MAX_ANSWER_BYTES = 1 << 20;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);
/** What Node says when a certificate is not to be trusted. */
const UNTRUSTED = /^(CERT_|ERR_TLS|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|PINNED)/;

/** HTTP to one BMC, over a few connections that are kept. */
export class Transport {
  readonly #id: string;
  readonly #base: URL;
  readonly #agent: HttpAgent | HttpsAgent;

  /** @throws PulmuError `actuator.url`, `actuator.untrusted` for an address or a trust that will not do */
  constructor(id: string, url: string, trust: Trust, connections: number) {
    this.#id = id;
    this.#base = checkedUrl(id, url, trust);
    const pool = { keepAlive: true, maxSockets: connections };
    this.#agent = trust === "plain-http-on-loopback" ? new HttpAgent(pool) : new HttpsAgent({ ...pool, ...tlsOptions(id, trust) });
  }

  /**
   * One request and its whole answer, whatever its status.
   * @throws PulmuError `actuator.unreachable`, `actuator.timeout`, `actuator.untrusted`, `actuator.malformed` (an answer without end)
   */
  send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    // The base may have a path of its own, of a proxy that serves many BMCs.
    const url = new URL(this.#base.pathname.replace(/\/$/, "") + path, this.#base);
    const fail = (code: string, rule: string, hint?: string) => deviceError(this.#id, code, rule, { path, ...(hint && { hint }) });
    const options: RequestOptions = { method, headers, agent: this.#agent, signal };
    return new Promise<HttpAnswer>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException) => {
        if (signal.aborted) return reject(fail("timeout", "no answer in time"));
        if (UNTRUSTED.test(error.code ?? "")) {
          const hint = "give the authority that signed it, or pin the certificate";
          return reject(fail("untrusted", `its certificate is not to be trusted (${error.code})`, hint));
        }
        reject(fail("unreachable", `cannot be reached (${error.code ?? error.message})`));
      };
      const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, options, (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > MAX_ANSWER_BYTES) {
            reject(fail("malformed", `its answer is longer than ${MAX_ANSWER_BYTES} bytes`));
            request.destroy();
          }
        });
        response.on("error", failed);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString("utf8") });
        });
      });
      request.on("error", failed);
      request.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function checkedUrl(id: string, text: string, trust: Trust): URL {
  const url = URL.parse(text);
  const wrong = (rule: string, hint: string) => deviceError(id, "url", rule, { value: url === null ? text : url.origin, hint });
  if (url === null) throw wrong("is not an address", "write https://HOST");
  if (url.username !== "" || url.password !== "")
    throw wrong("must not carry user and password", "name a file or a variable that has them");
  const wanted = trust === "plain-http-on-loopback" ? "http:" : "https:";
  if (url.protocol !== wanted) {
    const hint =
      wanted === "https:" ? "write https://HOST; http is for emulated BMCs on this machine, and asked for" : "write http://127.0.0.1:PORT";
    throw wrong(`must begin with ${wanted}//`, hint);
  }
  if (wanted === "http:" && !LOOPBACK.has(url.hostname)) {
    throw wrong("http in the clear is for this machine only", "write https://HOST, with an authority or a pinned certificate");
  }
  return url;
}

function tlsOptions(id: string, trust: Exclude<Trust, "plain-http-on-loopback">) {
  if (trust === "system") return { rejectUnauthorized: true };
  if ("ca" in trust) return { rejectUnauthorized: true, ca: trust.ca };
  const pinned = readCertificate(id, trust.certificate);
  return {
    rejectUnauthorized: true,
    // The pinned certificate is the anchor itself, signed by whom it may; no other key passes.
    ca: trust.certificate,
    allowPartialTrustChain: true,
    checkServerIdentity: (_host: string, peer: PeerCertificate) =>
      peer.raw.equals(pinned.raw) ? undefined : Object.assign(new Error("another certificate than the pinned one"), { code: "PINNED" }),
  };
}

function readCertificate(id: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw deviceError(id, "untrusted", "the pinned certificate is not one", { hint: "give it as PEM: -----BEGIN CERTIFICATE-----" });
  }
}
