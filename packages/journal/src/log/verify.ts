import { PulmuError } from "@pulmu/units";
import type { Reader } from "../storage/store.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import { entryStart } from "./entry.ts";
import { readHead } from "./journal.ts";
import { CompactRange, leafHash, rootOf, TILE_WIDTH } from "./merkle.ts";

export interface JournalFinding {
  /** Entry, tile or checkpoint it was found at. */
  readonly where: string;
  readonly what: string;
}

export interface JournalReport {
  readonly entries: number;
  /** Checkpoints whose signature was right, witnessed ones included. */
  readonly checkpoints: number;
  /** Entries covered by the newest valid signature; those after it are chained, but not signed yet. */
  readonly signedEntries: number;
  /** Empty when the journal is what it was. At most `MAX_FINDINGS`. */
  readonly findings: readonly JournalFinding[];
}

export interface VerifyOptions {
  readonly verifierKey: string;
  /** Checkpoints kept elsewhere (by a witness, a tenant, an auditor): a fork shows against them even if the log's own key signed it. */
  readonly witnessed?: readonly string[];
  readonly onProgress?: (entries: number, total: number) => void;
}

/** One change early in a chain can echo in every later entry; more lines would not tell more. */
const MAX_FINDINGS = 100;
const CHUNK = 4 * TILE_WIDTH;

/**
 * Reads the whole journal and checks the numbering, the chain (each entry names the hash of the one before), the stored Merkle tiles,
 * the head, and every signed checkpoint. Memory does not grow with the log. About 5 µs an entry.
 */
export async function verifyJournal(reader: Reader, options: VerifyOptions): Promise<JournalReport> {
  const findings: JournalFinding[] = [];
  const found = (where: string, what: string) => {
    if (findings.length < MAX_FINDINGS) findings.push({ where, what });
  };
  const head = await readHead(reader);
  const checkpoints = await readCheckpoints(reader, options, found);
  const signed = checkpoints.length;
  const tree = new GrowingTree(reader, found);
  let signedEntries = 0;
  let prev = "0".repeat(64);
  let next = 0;
  const meet = () => {
    for (; checkpoints.length > 0 && checkpoints[0].size <= tree.size; checkpoints.shift()) {
      const { size, root } = checkpoints[0];
      if (root.equals(tree.root())) signedEntries = size;
      else found(`checkpoint ${size}`, "the entries do not have the root that was signed");
    }
  };
  meet();
  const page = (after: number) =>
    reader.query<{ seq: number; entry: Uint8Array }>("select seq, entry from journal_entries where seq > $1 order by seq limit $2", [
      after,
      CHUNK,
    ]);
  for (let rows = await page(-1); rows.length > 0;) {
    const following = page(rows[rows.length - 1].seq); // read while this page is hashed
    for (const { seq, entry } of rows) {
      if (seq !== next) found(`entry ${next}`, `missing: the next one is ${seq}`);
      const start = entryStart(seq, prev);
      const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
      if (bytes.toString("latin1", 0, start.length) !== start)
        found(`entry ${seq}`, "does not follow the entry before: one of the two was changed");
      const leaf = leafHash(bytes);
      prev = leaf.toString("hex");
      next = seq + 1;
      if (tree.add(leaf)) await tree.checkTiles();
      meet();
    }
    options.onProgress?.(next, head.size);
    rows = await following;
  }
  if (next !== head.size) found(`entry ${next}`, `the journal had ${head.size} entries, ${next} are there`);
  if (prev !== head.prev) found(`entry ${next - 1}`, "is not the last entry that was written");
  for (const { size } of checkpoints) found(`checkpoint ${size}`, `${size} entries were signed, ${next} are there`);
  await tree.end();
  return { entries: next, checkpoints: signed, signedEntries, findings };
}

/** All checkpoints, the log's and the witnesses', by size, signatures checked. */
async function readCheckpoints(
  reader: Reader,
  { verifierKey, witnessed = [] }: VerifyOptions,
  found: (where: string, what: string) => void,
): Promise<Checkpoint[]> {
  const rows = await reader.query<{ size: number; note: string }>("select size, note from journal_checkpoints order by size");
  const checkpoints: Checkpoint[] = [];
  for (const { where, note, size } of [
    ...rows.map((row) => ({ where: `checkpoint ${row.size}`, note: row.note, size: row.size as number | undefined })),
    ...witnessed.map((note, i) => ({ where: `witnessed checkpoint ${i + 1}`, note, size: undefined })),
  ]) {
    try {
      const checkpoint = openCheckpoint(note, verifierKey);
      if (size !== undefined && checkpoint.size !== size) found(where, `is stored under another size than its own, ${checkpoint.size}`);
      checkpoints.push(checkpoint);
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      found(where, error.problems[0].rule);
    }
  }
  return checkpoints.sort((a, b) => a.size - b.size);
}

/** The Merkle tree built anew from the leaves; its full tiles are held against the stored ones. */
class GrowingTree {
  readonly #reader: Reader;
  readonly #found: (where: string, what: string) => void;
  /** For each level, the hashes of the tile that is growing, and how many full ones there were. */
  readonly #levels: { hashes: Buffer[]; full: number }[] = [{ hashes: [], full: 0 }];
  /** Over the roots of the full tiles of leaves. */
  readonly #upper = new CompactRange();

  constructor(reader: Reader, found: (where: string, what: string) => void) {
    this.#reader = reader;
    this.#found = found;
  }

  get size(): number {
    return this.#levels[0].full * TILE_WIDTH + this.#levels[0].hashes.length;
  }

  root(): Buffer {
    const leaves = this.#levels[0].hashes;
    return leaves.length === 0 ? this.#upper.root() : this.#upper.root(rootOf(leaves));
  }

  /** @returns true when a tile of leaves is full: then check it */
  add(leaf: Buffer): boolean {
    return this.#levels[0].hashes.push(leaf) === TILE_WIDTH;
  }

  /** Compares the tile that is full, and those above that it fills. */
  async checkTiles(): Promise<void> {
    for (let level = 0; this.#levels[level].hashes.length === TILE_WIDTH; level++) {
      const tile = this.#levels[level];
      const n = tile.full++;
      const hashes = tile.hashes.splice(0);
      const root = rootOf(hashes);
      if (level === 0) this.#upper.add(root);
      const [stored] = await this.#reader.query<{ hashes: Uint8Array; root: Uint8Array }>(
        "select hashes, root from journal_tiles where level = $1 and n = $2",
        [level, n],
      );
      if (stored === undefined) this.#found(`tile ${level}/${n}`, "is missing");
      else if (!root.equals(stored.root) || !Buffer.concat(hashes).equals(stored.hashes))
        this.#found(`tile ${level}/${n}`, mismatch(level, n));
      (this.#levels[level + 1] ??= { hashes: [], full: 0 }).hashes.push(root);
    }
  }

  async end(): Promise<void> {
    const rows = await this.#reader.query<{ level: number; tiles: number }>(
      "select level, count(*) as tiles from journal_tiles group by level",
    );
    for (const { level, tiles } of rows) {
      const full = this.#levels[level]?.full ?? 0;
      if (tiles > full) this.#found(`tile ${level}/${full}`, "is there, but the entries it stands for are not");
    }
  }
}

function mismatch(level: number, n: number): string {
  if (level > 0) return "does not match the tiles below it";
  return `does not match entries ${n * TILE_WIDTH} to ${(n + 1) * TILE_WIDTH - 1}`;
}
