import { hash } from "node:crypto";

/** Hashes in a full tile (c2sp.org/tlog-tiles). */
export const TILE_WIDTH = 256;
export const HASH_BYTES = 32;

const sha256 = (bytes: Uint8Array): Buffer => hash("sha256", bytes, "buffer");

/** RFC 6962 §2.1: SHA-256(0x00 ‖ entry). */
export function leafHash(entry: Uint8Array): Buffer {
  const bytes = new Uint8Array(entry.length + 1);
  bytes.set(entry, 1);
  return sha256(bytes);
}

const pair = new Uint8Array(1 + 2 * HASH_BYTES);
pair[0] = 1;

/** RFC 6962 §2.1: SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return sha256(pair);
}

/** Root of the empty tree: SHA-256 of nothing. */
export const EMPTY_ROOT = sha256(new Uint8Array(0));

/**
 * The roots of the full subtrees that make up a tree, largest first: all that is needed to go on growing it and to know its root.
 * At most 53 hashes for a tree of any size that a number can count.
 */
export class CompactRange {
  #size = 0;
  readonly #roots: Buffer[] = [];

  /** Adds the next leaf: amortised one node hash. */
  add(leaf: Buffer): void {
    let root = leaf;
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) root = nodeHash(this.#roots.pop()!, root);
    this.#roots.push(root);
    this.#size++;
  }

  /** The root of all that was added, and of a smaller tree to its right. */
  root(right?: Buffer): Buffer {
    let root = right;
    for (let i = this.#roots.length - 1; i >= 0; i--) root = root === undefined ? this.#roots[i] : nodeHash(this.#roots[i], root);
    return root ?? EMPTY_ROOT;
  }
}

/** The hashes of a tile, one after the other, as a list. */
export function splitTile(tile: Uint8Array): Buffer[] {
  const bytes = Buffer.from(tile.buffer, tile.byteOffset, tile.byteLength);
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) => bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
}

/** Root over equal subtrees: of a full tile, the hash it has in the tile above. */
export function rootOf(hashes: readonly Buffer[]): Buffer {
  const range = new CompactRange();
  for (const hash of hashes) range.add(hash);
  return range.root();
}
