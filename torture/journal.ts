/**
 * The journal tampered with: in a log of 10,000 entries, entries changed by one bit, dropped, swapped, doubled, replaced by others with a
 * chain that fits, and the end cut off. Each mutant is verified whole, by the journal's own verifier and by the independent one.
 */
import { hash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import {
  appendEntries,
  checkpointJournal,
  exportJournal,
  newSigner,
  openStore,
  prepareJournal,
  type Reader,
  type Row,
  verifyJournal,
} from "@pulmu/journal";
import { random } from "@pulmu/units";

const ENTRIES = 10_000;
const T0 = Date.UTC(2027, 0, 1);
const say = (line: string) => process.stdout.write(`${line}\n`);

interface Entry {
  readonly seq: number;
  readonly entry: Buffer;
}

/** Changes the list of entries in its own way; `at` is a random place. */
type Mutation = (entries: Entry[], at: number, bit: number) => Entry[];

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  "one bit flipped": (entries, at, bit) => {
    const entry = Buffer.from(entries[at].entry);
    entry[Math.floor(bit * entry.length)] ^= 1 << (Math.floor(bit * entry.length * 8) % 8);
    return entries.with(at, { ...entries[at], entry });
  },
  "one dropped": (entries, at) => entries.toSpliced(at, 1),
  "one dropped, the rest renumbered": (entries, at) => entries.toSpliced(at, 1).map((row, seq) => ({ ...row, seq })),
  "two swapped": (entries, at) => {
    const other = at + 1 < entries.length ? at + 1 : at - 1;
    return entries.with(at, { seq: at, entry: entries[other].entry }).with(other, { seq: other, entry: entries[at].entry });
  },
  "one inserted": (entries, at) => entries.toSpliced(at, 0, entries[at]).map((row, seq) => ({ ...row, seq })),
  "the end cut off": (entries, at) => entries.slice(0, at),
};

export async function run({ rounds = 500, seed }: { readonly rounds: number | undefined; readonly seed: number }): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-torture-journal-"));
  try {
    const store = await openStore(join(folder, "journal.db"));
    await prepareJournal(store);
    const signer = newSigner("torture.example/journal");
    const drafts = Array.from({ length: ENTRIES }, (_, n) => ({
      kind: "test.happened",
      actor: "system",
      subject: `thing-${n}`,
      data: { n },
    }));
    await store.transaction((tx) => appendEntries(tx, drafts, T0));
    await checkpointJournal(store, signer, T0);
    const site = join(folder, "site");
    await exportJournal(store, site, { verifierKey: signer.verifierKey });
    const entries = (await store.query<{ seq: number; entry: Uint8Array }>("select seq, entry from journal_entries order by seq")).map(
      ({ seq, entry }) => ({ seq, entry: Buffer.from(entry) }),
    );
    const rest = await everythingElse(store);
    await store.close();

    everySingleBit(entries);
    const own = await ownVerifier(rest, entries, signer.verifierKey, rounds, seed);
    const independent = await independentVerifier(site, signer.verifierKey, rounds, seed);
    return own && independent;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Both verifiers find a changed entry by its leaf hash (RFC 6962): every single bit of every entry changes it. */
function everySingleBit(entries: readonly Entry[]): void {
  const leafHash = (entry: Buffer) => hash("sha256", entry, "hex");
  let bits = 0;
  for (const { seq, entry } of entries) {
    const leaf = Buffer.concat([Buffer.of(0), entry]);
    const right = leafHash(leaf);
    for (let bit = 8; bit < leaf.length * 8; bit++, bits++) {
      leaf[bit >> 3] ^= 1 << (bit & 7);
      if (leafHash(leaf) === right) throw new Error(`entry ${seq}: bit ${bit - 8} does not change its hash`);
      leaf[bit >> 3] ^= 1 << (bit & 7);
    }
  }
  say(`every single bit: each of ${bits.toLocaleString("en")} changes the leaf hash of its entry`);
}

/** All answers of the database but the entries, by query. */
async function everythingElse(reader: Reader): Promise<Reader> {
  const answers = new Map<string, Promise<readonly Row[]>>();
  const query = <R extends Row>(sql: string, values: readonly unknown[] = []) => {
    const key = JSON.stringify([sql, values]);
    const known = answers.get(key) ?? reader.query(sql, values as never);
    answers.set(key, known);
    return known as Promise<readonly R[]>;
  };
  await verifyJournal({ query }, { verifierKey: newSigner("none").verifierKey }); // asks everything once
  return { query };
}

async function ownVerifier(rest: Reader, entries: Entry[], verifierKey: string, rounds: number, seed: number): Promise<boolean> {
  let held = true;
  const verify = (mutant: readonly Entry[]) => {
    const reader: Reader = {
      query: async <R extends Row>(sql: string, values: readonly unknown[] = []) => {
        if (!sql.includes("from journal_entries")) return rest.query<R>(sql, values as never);
        const [after, limit] = values as [number, number];
        const from = mutant.findIndex((row) => row.seq > after);
        return (from < 0 ? [] : mutant.slice(from, from + limit)) as unknown as readonly R[];
      },
    };
    return verifyJournal(reader, { verifierKey });
  };
  const clean = await verify(entries);
  if (clean.findings.length > 0) throw new Error(`the untouched log has findings: ${JSON.stringify(clean.findings[0])}`);
  for (const [name, mutate] of Object.entries(MUTATIONS)) {
    const randomness = random(seed, name);
    let found = 0;
    for (let i = 0; i < rounds; i++) {
      const at = Math.floor(randomness.next() * ENTRIES);
      if ((await verify(mutate(entries, at, randomness.next()))).findings.length > 0) found++;
      else say(`  NOT FOUND: ${name} at entry ${at}`);
    }
    say(`${name}: ${found} of ${rounds} found`);
    held &&= found === rounds;
  }
  return held;
}

async function independentVerifier(site: string, verifierKey: string, rounds: number, seed: number): Promise<boolean> {
  const { verifyLog } = (await import(join(site, "verify-tlog.mjs"))) as {
    verifyLog(read: (path: string) => Promise<Buffer>, key: string): Promise<unknown>;
  };
  const files = new Map(
    readdirSync(site, { recursive: true, withFileTypes: true }).flatMap((file) => {
      const path = join(file.parentPath, file.name);
      return file.isFile() && !/verif/.test(file.name) ? [[relative(site, path), readFileSync(path)] as const] : [];
    }),
  );
  const read = async (path: string) => files.get(path) ?? Promise.reject(new Error(`${path} is missing`));
  await verifyLog(read, verifierKey);
  const randomness = random(seed, "files");
  const paths = [...files.keys()];
  let found = 0;
  for (let i = 0; i < rounds; i++) {
    const path = paths[i % paths.length];
    const bytes = files.get(path)!;
    const at = Math.floor(randomness.next() * bytes.length);
    const bit = 1 << Math.floor(randomness.next() * 8);
    bytes[at] ^= bit;
    await verifyLog(read, verifierKey).then(
      () => say(`  NOT FOUND: ${path}, byte ${at}`),
      () => found++,
    );
    bytes[at] ^= bit;
  }
  say(`one bit flipped in any exported file, by the independent verifier: ${found} of ${rounds} found`);
  return found === rounds;
}
