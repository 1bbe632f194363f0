import type { Reader, Transaction } from "../storage/store.ts";
import { HASH_BYTES, leafHash, nodeHash, EMPTY_ROOT, rootOf, splitTile, TILE_WIDTH } from "./merkle.ts";

/** Entries `[from, until)` as stored, in order. */
export async function readEntryBytes(reader: Reader, from: number, until: number): Promise<Uint8Array[]> {
  const rows = await reader.query<{ entry: Uint8Array }>("select entry from journal_entries where seq >= $1 and seq < $2 order by seq", [
    from,
    until,
  ]);
  return rows.map((row) => row.entry);
}

/** Full tile or the first `width` hashes of one that is not full yet, concatenated; undefined when the log is shorter. */
export async function readTile(reader: Reader, level: number, n: number, width = TILE_WIDTH): Promise<Buffer | undefined> {
  const [full] = await reader.query<{ hashes: Uint8Array }>("select hashes from journal_tiles where level = $1 and n = $2", [level, n]);
  if (full !== undefined) return Buffer.from(full.hashes).subarray(0, width * HASH_BYTES);
  const from = n * TILE_WIDTH;
  const hashes =
    level === 0
      ? (await readEntryBytes(reader, from, from + width)).map(leafHash)
      : (
          await reader.query<{ root: Uint8Array }>("select root from journal_tiles where level = $1 and n >= $2 and n < $3 order by n", [
            level - 1,
            from,
            from + width,
          ])
        ).map((row) => Buffer.from(row.root));
  return hashes.length === width ? Buffer.concat(hashes) : undefined;
}

/** Stores every tile that became full when the log grew from one size to another. */
export async function storeFullTiles(tx: Transaction, sizeBefore: number, size: number): Promise<void> {
  let [before, after] = [sizeBefore, size];
  for (let level = 0; ; level++) {
    [before, after] = [Math.floor(before / TILE_WIDTH), Math.floor(after / TILE_WIDTH)];
    if (before === after) return;
    for (let n = before; n < after; n++) {
      const tile = (await readTile(tx, level, n))!;
      await tx.run("insert into journal_tiles (level, n, hashes, root) values ($1, $2, $3, $4)", [level, n, tile, rootOf(splitTile(tile))]);
    }
  }
}

/** Merkle root of the first `size` entries, from the rightmost tile of each level. */
export async function rootAt(reader: Reader, size: number): Promise<Buffer> {
  let right: Buffer | undefined;
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
    const width = count % TILE_WIDTH;
    if (width === 0) continue;
    const tile = await readTile(reader, level, Math.floor(count / TILE_WIDTH), width);
    if (tile === undefined) throw new Error(`journal: tile ${level}/${Math.floor(count / TILE_WIDTH)} lacks hashes for size ${size}`);
    right = joinRight(splitTile(tile), right);
  }
  return right ?? EMPTY_ROOT;
}

/** Root of equal subtrees followed by a smaller tree: the full subtrees, smallest first, take the right one in. */
function joinRight(hashes: readonly Buffer[], right: Buffer | undefined): Buffer {
  let root = right;
  let end = hashes.length;
  for (let span = 1; end > 0; span *= 2) {
    if (end % (2 * span) === 0) continue;
    const subtree = rootOf(hashes.slice(end - span, end));
    root = root === undefined ? subtree : nodeHash(subtree, root);
    end -= span;
  }
  return root!;
}

/** `1234067` → `x001/x234/067`. */
function tileIndex(n: number): string {
  let path = String(n % 1000).padStart(3, "0");
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000)) path = `x${String(rest % 1000).padStart(3, "0")}/${path}`;
  return path;
}

/** Path of a tile (`level` a number) or entry bundle (`level` "entries") of a given width. */
export function tilePath(level: number | "entries", n: number, width: number): string {
  return `tile/${level}/${tileIndex(n)}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** All resources, bundles and tiles, that a log of this size has: what a static mirror holds. */
export function* resourcesOf(size: number): Generator<{ level: number | "entries"; n: number; width: number }> {
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
    for (let n = 0; n * TILE_WIDTH < count; n++) {
      const width = Math.min(TILE_WIDTH, count - n * TILE_WIDTH);
      if (level === 0) yield { level: "entries", n, width };
      yield { level, n, width };
    }
  }
}

/** An entry bundle: each entry behind its length in two bytes. Undefined when the log is shorter. */
export async function readBundle(reader: Reader, n: number, width = TILE_WIDTH): Promise<Buffer | undefined> {
  const entries = await readEntryBytes(reader, n * TILE_WIDTH, n * TILE_WIDTH + width);
  if (entries.length !== width) return undefined;
  return Buffer.concat(entries.flatMap((entry) => [Buffer.of(entry.length >> 8, entry.length & 0xff), entry]));
}

/** The resource at a path such as `tile/0/x001/234.p/17` or `tile/entries/000`; undefined when there is none. */
export async function readResource(reader: Reader, path: string): Promise<Buffer | undefined> {
  const match = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path);
  if (match === null) return undefined;
  const width = match[3] === undefined ? TILE_WIDTH : Number(match[3]);
  const n = Number(match[2].replaceAll(/[x/]/g, ""));
  if (width > TILE_WIDTH || (match[3] !== undefined && width === TILE_WIDTH) || tileIndex(n) !== match[2]) return undefined;
  return match[1] === "entries" ? readBundle(reader, n, width) : readTile(reader, Number(match[1]), n, width);
}
