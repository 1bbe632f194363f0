import { readFile } from "node:fs/promises";
import { PulmuError } from "@pulmu/units";
import { importJWK, type CryptoKey, type JWK } from "jose";
import type { Clock } from "../clock.ts";
import { readBounded, reason } from "../client/oauth.ts";
import { parseJson } from "../contracts/json.ts";
import { isObject } from "../contracts/shape.ts";
import { ALGORITHMS, type Algorithm } from "./signing-key.ts";

export interface VerifyKey {
  readonly key: CryptoKey;
  readonly alg: Algorithm;
}

/** Keys are read again after this long, so that one that was taken out is soon trusted no more. */
const MAX_AGE_MS = 300_000;
/** A key that is not known makes us look again, but not more often than this: anybody can send us an unknown kid. */
const COOLDOWN_MS = 5_000;
/** Keys that could not be read again are trusted for so long; then nothing is. */
const MAX_STALE_MS = 3_600_000;
const DEADLINE_MS = 5_000;
const MAX_BYTES = 256 * 1024;
const MAX_KEYS = 100;
const MIN_RSA_BITS = 2048;

/** The public keys of one participant, from a JWKS file or address. A key that is added there is found when it is first needed. */
export class KeySet {
  readonly #place: string;
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  #keys: ReadonlyMap<string, VerifyKey> = new Map();
  /** When the keys were read, and when we last tried. */
  #readMs = -Infinity;
  #triedMs = -Infinity;
  #reading: Promise<void> | undefined;
  #problem: string | undefined;

  /** @param place path of a JWKS file, or its `https:` address */
  constructor(place: string, clock: Clock, fetcher: typeof fetch = fetch) {
    this.#place = place;
    this.#clock = clock;
    this.#fetch = fetcher;
  }

  /** Why the keys could not be read the last time, if they could not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  async find(kid: string): Promise<VerifyKey | undefined> {
    const nowMs = this.#clock.nowMs();
    const old = nowMs - this.#readMs > MAX_AGE_MS;
    if ((old || !this.#keys.has(kid)) && nowMs - this.#triedMs > COOLDOWN_MS) {
      this.#reading ??= this.#read(nowMs).finally(() => (this.#reading = undefined));
    }
    await this.#reading;
    return nowMs - this.#readMs > MAX_STALE_MS ? undefined : this.#keys.get(kid);
  }

  async #read(nowMs: number): Promise<void> {
    this.#triedMs = nowMs;
    try {
      this.#keys = await readKeys(await this.#load());
      this.#readMs = nowMs;
      this.#problem = undefined;
    } catch (error) {
      this.#problem = `${this.#place}: ${reason(error)}`;
    }
  }

  async #load(): Promise<Uint8Array> {
    if (!/^https?:/.test(this.#place)) return readFile(this.#place);
    const response = await this.#fetch(this.#place, { redirect: "error", signal: AbortSignal.timeout(DEADLINE_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return readBounded(response, MAX_BYTES);
  }
}

/** @throws PulmuError `signing.jwks` when it is no key set; keys of other kinds in it are passed over */
async function readKeys(bytes: Uint8Array): Promise<ReadonlyMap<string, VerifyKey>> {
  const json = parseJson(bytes);
  const list = json.ok && isObject(json.value) ? json.value["keys"] : undefined;
  if (!Array.isArray(list) || list.length > MAX_KEYS) {
    throw new PulmuError({ code: "signing.jwks", rule: `must be a JWKS, { "keys": [ … ] }, of at most ${MAX_KEYS} keys` });
  }
  const keys = new Map<string, VerifyKey>();
  for (const jwk of list.filter(isObject) as JWK[]) {
    const alg = ALGORITHMS.find((name) => name === (jwk.alg ?? (jwk.kty === "RSA" ? "RS256" : "ES256")));
    if (alg === undefined || jwk.kid === undefined || jwk.use === "enc" || jwk.kty === "oct") continue;
    if (keys.has(jwk.kid)) throw new PulmuError({ code: "signing.jwks", value: jwk.kid, rule: "two keys have this kid" });
    const { kty, crv, x, y, n, e } = jwk; // the public part: a private key that slipped in is not used
    if (kty === "RSA" && Buffer.from(n ?? "", "base64url").length * 8 < MIN_RSA_BITS) continue;
    const key = await importJWK({ kty, crv, x, y, n, e } as JWK, alg).catch(() => undefined);
    if (key !== undefined) keys.set(jwk.kid, { key: key as CryptoKey, alg });
  }
  return keys;
}
