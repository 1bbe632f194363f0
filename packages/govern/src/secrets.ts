import { hash, timingSafeEqual } from "node:crypto";

/**
 * A key as its user holds it: `pulmu_<id>_<secret>`. The id finds the row; the secret is 256 random bits, so that one SHA-256
 * protects it (a slow password hash is for secrets that people choose). Only the hash is stored.
 */
const KEY = /^pulmu_([0-9a-z]{16})_([A-Za-z0-9_-]{43})$/;

export type RandomBytes = (count: number) => Uint8Array;
export type Equal = (a: Uint8Array, b: Uint8Array) => boolean;

export interface NewSecret {
  readonly id: string;
  /** Shown once. */
  readonly text: string;
  readonly hash: Buffer;
}

export function newSecret(randomBytes: RandomBytes): NewSecret {
  const id = BigInt(`0x${Buffer.from(randomBytes(10)).toString("hex")}`)
    .toString(36)
    .padStart(16, "0")
    .slice(-16);
  const text = `pulmu_${id}_${Buffer.from(randomBytes(32)).toString("base64url")}`;
  return { id, text, hash: hashOf(text) };
}

export function hashOf(text: string): Buffer {
  return hash("sha256", text, "buffer");
}

/** The id in a key's text; undefined when the text is no key. */
export function keyIdIn(text: string): string | undefined {
  return KEY.exec(text)?.[1];
}

/** The time this takes depends neither on where the two differ nor on whether the key is known. */
export const sameHash: Equal = (a, b) => timingSafeEqual(a, b);
