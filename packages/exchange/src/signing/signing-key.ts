import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { PulmuError } from "@pulmu/units";
import { exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from "jose";
import { parseJson } from "../contracts/json.ts";
import { isObject } from "../contracts/shape.ts";

/** What DSX Flex allows. */
export const ALGORITHMS = ["ES256", "RS256"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** A private key and the name that others know its public half by. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly key: CryptoKey;
  /** The public half, for a JWKS. */
  readonly publicJwk: JWK;
}

/** A new key of its own, as the private JWK that a file keeps. */
export async function newSigningJwk(kid: string, alg: Algorithm = "ES256"): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg, use: "sig" };
}

/** @throws PulmuError `signing.key` when it is no private ES256 or RS256 key with a kid */
export async function readSigningKey(jwk: JWK): Promise<SigningKey> {
  const { kid } = jwk;
  const alg = ALGORITHMS.find((name) => name === (jwk.alg ?? (jwk.kty === "RSA" ? "RS256" : "ES256")));
  const rule = "is no private key for ES256 or RS256 with a kid";
  if (kid === undefined || alg === undefined || jwk.d === undefined) throw new PulmuError({ code: "signing.key", rule });
  try {
    const key = (await importJWK(jwk, alg)) as CryptoKey;
    return { kid, alg, key, publicJwk: { ...publicPart(jwk), kid, alg, use: "sig" } };
  } catch (error) {
    throw new PulmuError({ code: "signing.key", rule: `${rule}: ${(error as Error).message}` });
  }
}

function publicPart({ kty, crv, x, y, n, e }: JWK): JWK {
  return JSON.parse(JSON.stringify({ kty, crv, x, y, n, e })) as JWK; // drops what is undefined
}

/**
 * The signing key of a file, made on first use (owner may read only). Whoever has the file can speak in its owner's name.
 * @throws PulmuError `signing.key`, `signing.key-file`
 */
export async function openSigningKey(file: string, kid: string): Promise<SigningKey> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw unreadable(file, error as Error);
    const jwk = await newSigningJwk(kid);
    try {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, `${JSON.stringify(jwk, null, 2)}\n`, { mode: 0o600, flag: "wx", flush: true });
      return await readSigningKey(jwk);
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code === "EEXIST") return openSigningKey(file, kid); // another process was faster
      throw failure instanceof PulmuError ? failure : unreadable(file, failure as Error);
    }
  }
  const json = parseJson(Buffer.from(text));
  try {
    return await readSigningKey(json.ok && isObject(json.value) ? (json.value as JWK) : {});
  } catch (error) {
    throw error instanceof PulmuError ? new PulmuError({ ...error.problems[0], file }) : error;
  }
}

function unreadable(file: string, error: Error): PulmuError {
  return new PulmuError({ code: "signing.key-file", file, rule: `the key file cannot be read or made: ${error.message}` });
}
