import { PulmuError } from "@pulmu/units";
import type { Clock } from "../clock.ts";
import { isObject } from "../contracts/shape.ts";
import { parseJson } from "../contracts/json.ts";
import type { Login, LoginSource } from "./login.ts";

/** OAuth 2.0 client credentials (RFC 6749, 4.4). */
export interface OauthOptions {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** DSX Flex asks for `mqtt`. */
  readonly scope?: string;
}

/** The user name that tells DSX Exchange's auth-callout that the password is a token: auth-callout/src/internal/auth/oauth2.go. */
export const OAUTH_USERNAME = "oauthtoken";

const DEADLINE_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** A token is renewed when this share of its life is over. */
const RENEW_SHARE = 0.8;
/** For a token that says nothing of its end. A guess on the short side. */
const UNSAID_LIFE_S = 300;

/** Tokens from an authorisation server, each kept for most of its life. */
export class OauthTokens implements LoginSource {
  readonly #options: OauthOptions;
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  #token = "";
  #renewAtMs = 0;
  /** The question under way: whoever asks meanwhile gets its answer. */
  #asking: Promise<void> | undefined;

  constructor(options: OauthOptions, clock: Clock, fetcher: typeof fetch = fetch) {
    this.#options = options;
    this.#clock = clock;
    this.#fetch = fetcher;
  }

  get renewAtMs(): number {
    return this.#renewAtMs;
  }

  async login(renew: boolean): Promise<Login> {
    return { username: OAUTH_USERNAME, password: await this.token(renew) };
  }

  /** @throws PulmuError `exchange.token-*` */
  async token(renew = false): Promise<string> {
    if (renew || this.#clock.nowMs() >= this.#renewAtMs) {
      this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
      await this.#asking;
    }
    return this.#token;
  }

  async #ask(): Promise<void> {
    const { tokenUrl, clientId, clientSecret, scope } = this.#options;
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      ...(scope !== undefined && { scope }),
    });
    let status: number;
    let answer: Uint8Array;
    try {
      const response = await this.#fetch(tokenUrl, { method: "POST", body, redirect: "error", signal: AbortSignal.timeout(DEADLINE_MS) });
      status = response.status;
      answer = await readBounded(response, MAX_ANSWER_BYTES);
    } catch (error) {
      throw refused("exchange.token-server", tokenUrl, `the authorisation server cannot be asked: ${reason(error)}`);
    }
    const json = parseJson(answer);
    const fields = json.ok && isObject(json.value) ? json.value : {};
    if (status !== 200) {
      const why = typeof fields["error"] === "string" ? fields["error"] : `status ${status}`;
      throw refused("exchange.token-refused", tokenUrl, `the authorisation server gives client ${clientId} no token: ${why}`);
    }
    const token = fields["access_token"];
    if (typeof token !== "string" || token === "") {
      throw refused("exchange.token-answer", tokenUrl, "the authorisation server's answer holds no access_token");
    }
    const nowMs = this.#clock.nowMs();
    const life = fields["expires_in"];
    const lifeS = typeof life === "number" ? life : ((expiryMs(token) ?? nowMs + UNSAID_LIFE_S * 1000) - nowMs) / 1000;
    this.#token = token;
    this.#renewAtMs = nowMs + Math.max(0, lifeS) * 1000 * RENEW_SHARE;
  }
}

/** When a JWT says that it ends; undefined for other tokens. Its signature is the broker's business. */
function expiryMs(token: string): number | undefined {
  const claims = parseJson(Buffer.from(token.split(".")[1] ?? "", "base64url"));
  const exp = claims.ok && isObject(claims.value) ? claims.value["exp"] : undefined;
  return typeof exp === "number" ? exp * 1000 : undefined;
}

/** @throws Error when the body has more than `maxBytes` */
export async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`an answer of more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `fetch failed` alone says nothing: the cause does. */
export function reason(error: unknown): string {
  const { cause, message } = error as Error & { cause?: Error };
  return cause instanceof Error && cause.message !== "" ? cause.message : message;
}

function refused(code: string, tokenUrl: string, rule: string): PulmuError {
  return new PulmuError({ code, value: tokenUrl, rule });
}
