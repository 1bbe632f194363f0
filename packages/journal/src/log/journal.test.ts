import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { PulmuError, random } from "@pulmu/units";
import { openStore } from "../storage/open.ts";
import type { Store } from "../storage/store.ts";
import { onBothDatabases } from "../testing/index.ts";
import { openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import type { Draft } from "./entry.ts";
import { exportJournal } from "./export.ts";
import { appendEntries, checkpointJournal, latestCheckpoint, readEntries, readTrace } from "./journal.ts";
import { leafHash } from "./merkle.ts";
import { newSigner, parseSigner } from "./note.ts";
import { prepareJournal } from "./schema.ts";
import { readResource, rootAt, tilePath } from "./tiles.ts";
import { verifyJournal } from "./verify.ts";
// @ts-expect-error: plain JavaScript, so that an auditor can run it anywhere
import { verifyLog as verifyIndependently } from "../verifier/verify-tlog.mjs";

const ORIGIN = "gak.example/journal";
const T0 = Date.UTC(2027, 0, 1);
const draft = (n: number): Draft => ({ kind: "test.happened", actor: "system", subject: `thing-${n}`, data: { n, note: "풀무" } });
const drafts = (from: number, until: number) => Array.from({ length: until - from }, (_, i) => draft(from + i));
const grow = (store: Store, from: number, until: number) =>
  store.transaction((tx) => appendEntries(tx, drafts(from, until), T0 + from * 1000));

onBothDatabases("the journal", (database) => {
  const signer = newSigner(ORIGIN);
  const journal = async () => {
    const store = await database.open();
    await prepareJournal(store);
    return store;
  };

  test("keeps what was written, in order, each entry naming the hash of the one before", async () => {
    const store = await journal();
    assert.equal(await grow(store, 0, 3), 0);
    assert.equal(await grow(store, 3, 5), 3);
    const entries = await readEntries(store, 0, 10);
    assert.deepEqual(entries.map((entry) => entry.subject), ["thing-0", "thing-1", "thing-2", "thing-3", "thing-4"]); // prettier-ignore
    const rows = await store.query<{ entry: Uint8Array }>("select entry from journal_entries order by seq");
    for (let i = 1; i < rows.length; i++) assert.equal(entries[i].prev, leafHash(rows[i - 1].entry).toString("hex"));
  });

  test("finds what belongs to one trace, in order, among all else", async () => {
    const store = await journal();
    const trace = "0af7651916cd43dd8448eb211c80319c";
    const traced = (n: number, parent: string): Draft => ({ ...draft(n), traceparent: `00-${trace}-${parent}-01` });
    const entries = [draft(0), traced(1, "b7ad6b7169203331"), draft(2), traced(3, "00f067aa0ba902b7")];
    await store.transaction((tx) => appendEntries(tx, entries, T0));
    const subjects = async (limit: number) => (await readTrace(store, trace, limit)).map(({ subject }) => subject);
    assert.deepEqual(await subjects(10), ["thing-1", "thing-3"]);
    assert.deepEqual(await subjects(1), ["thing-1"]);
    assert.deepEqual(await readTrace(store, "f".repeat(32), 10), []);
  });

  test("is written with the act or not at all", async () => {
    const store = await journal();
    const act = store.transaction(async (tx) => {
      await appendEntries(tx, drafts(0, 1), T0);
      throw new Error("the act failed");
    });
    await assert.rejects(act);
    assert.deepEqual(await readEntries(store, 0, 10), []);
  });

  test("keeps its order when the clock jumps back, and says what the clock showed", async () => {
    const store = await journal();
    await store.transaction((tx) => appendEntries(tx, [draft(0)], T0));
    await store.transaction((tx) => appendEntries(tx, [draft(1)], T0 - 60_000));
    const [, second] = await readEntries(store, 0, 2);
    assert.deepEqual([second.atMs, second.clockMs], [T0, T0 - 60_000]);
  });

  test("refuses an entry that is too large for the format", async () => {
    const store = await journal();
    const large = store.transaction((tx) => appendEntries(tx, [{ ...draft(0), data: { text: "x".repeat(70_000) } }], T0));
    await assert.rejects(large, /at most 65535 bytes/);
  });

  test("verifies at sizes around a tile's width, here and independently, and continues what was signed before", async () => {
    const store = await journal();
    const notes: string[] = [];
    let size = 0;
    for (const next of [1, 2, 255, 256, 257, 511, 513, 1024]) {
      await grow(store, size, next);
      size = next;
      notes.push((await checkpointJournal(store, signer, T0))!);
    }
    const report = await verifyJournal(store, { verifierKey: signer.verifierKey, witnessed: notes });
    assert.deepEqual(report, { entries: 1024, checkpoints: 16, signedEntries: 1024, findings: [] });
    const read = async (path: string) => (path === "checkpoint" ? Buffer.from(notes.at(-1)!) : (await readResource(store, path))!);
    assert.deepEqual(await verifyIndependently(read, signer.verifierKey, notes), { origin: ORIGIN, size: 1024 });
  });

  test("two writers on one database make one chain", async () => {
    const address = await database.address();
    const stores = await Promise.all([openStore(address), openStore(address)]);
    await prepareJournal(stores[0]);
    await Promise.all(stores.map(async (store, i) => { for (let k = 0; k < 20; k++) await grow(store, i * 100 + k, i * 100 + k + 1); })); // prettier-ignore
    const report = await verifyJournal(stores[0], { verifierKey: signer.verifierKey });
    assert.deepEqual([report.entries, report.findings], [40, []]);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("never signs a log that is not a continuation of what it signed", async () => {
    const store = await journal();
    await grow(store, 0, 10);
    await checkpointJournal(store, signer, T0);
    await store.transaction(async (tx) => {
      await tx.run("delete from journal_entries where seq >= 5");
      await tx.run("update journal_head set size = 5");
      await appendEntries(tx, drafts(50, 60), T0);
    });
    await assert.rejects(checkpointJournal(store, signer, T0), /not a continuation of the 10 entries signed before/);
  });
});

test("a signing key survives its file, and a checkpoint opens with its own key only", () => {
  const signer = newSigner(ORIGIN);
  const again = parseSigner(signer.secret);
  assert.equal(again.verifierKey, signer.verifierKey);
  const note = signCheckpoint({ origin: ORIGIN, size: 3, root: Buffer.alloc(32, 7) }, again);
  assert.deepEqual(openCheckpoint(note, signer.verifierKey), { origin: ORIGIN, size: 3, root: Buffer.alloc(32, 7) });
  assert.throws(() => openCheckpoint(note, newSigner(ORIGIN).verifierKey), /not signed by/);
});

test("the example in the checkpoint's specification is shaped as ours: origin, size, root, signature", () => {
  const example =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n" +
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
  const ours = signCheckpoint(
    { origin: "example.com/behind-the-sofa", size: 20852163, root: Buffer.from("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", "base64") },
    newSigner("example.com/behind-the-sofa"),
  );
  assert.equal(ours.split("— ")[0], example.split("— ")[0]);
  assert.equal(ours.length, example.length);
});

test("tiles have the paths of the specification", () => {
  assert.equal(tilePath(0, 1_234_067, 256), "tile/0/x001/x234/067");
  assert.equal(tilePath("entries", 0, 17), "tile/entries/000.p/17");
  assert.equal(tilePath(1, 1000, 256), "tile/1/x001/000");
});

describe("a journal of 10,000 entries that somebody touched", () => {
  const SIZE = 10_000;
  const SIGNED = 9_990;
  const signer = newSigner(ORIGIN);
  const folder = mkdtempSync(join(tmpdir(), "pulmu-journal-"));
  const randomness = random(7, "tampering");
  const pick = (below: number) => Math.floor(randomness.next() * below);
  let store: Store;
  let witnessed: string;
  /** What an outsider has: the exported files, in memory. */
  const site = new Map<string, Buffer>();
  const read = async (path: string) => site.get(path) ?? Promise.reject(new Error(`${path} is missing`));

  before(async () => {
    store = await openStore(join(folder, "journal.db"));
    await prepareJournal(store);
    await grow(store, 0, 5_000);
    witnessed = (await checkpointJournal(store, signer, T0))!;
    await grow(store, 5_000, SIGNED);
    await checkpointJournal(store, signer, T0);
    await grow(store, SIGNED, SIZE);
    await exportJournal(store, join(folder, "site"), { verifierKey: signer.verifierKey });
    site.set("checkpoint", readFileSync(join(folder, "site", "checkpoint")));
    for (let n = 0; n * 256 < SIGNED; n++)
      for (const level of ["entries", 0] as const) {
        const path = tilePath(level, n, Math.min(256, SIGNED - n * 256));
        site.set(path, readFileSync(join(folder, "site", path)));
      }
    site.set("tile/1/000.p/39", readFileSync(join(folder, "site", "tile/1/000.p/39")));
  });
  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const findings = async (witnesses: string[] = []) =>
    (await verifyJournal(store, { verifierKey: signer.verifierKey, witnessed: witnesses })).findings;
  /** Does it, verifies, undoes it: the findings. */
  const tampered = async (
    act: (tx: { run(sql: string, values?: (string | number | Uint8Array)[]): Promise<number> }) => Promise<unknown>,
    witnesses: string[] = [],
  ) => {
    const kept = await store.query<{ seq: number; entry: Uint8Array }>(
      "select seq, entry from journal_entries where seq >= 9000 or seq < 300",
    );
    const [head] = await store.query<{ size: number; prev: string; at_ms: number }>("select size, prev, at_ms from journal_head");
    await store.transaction(act);
    const result = await findings(witnesses);
    await store.transaction(async (tx) => {
      await tx.run("delete from journal_entries where seq >= 9000 or seq < 300");
      for (const { seq, entry } of kept) await tx.run("insert into journal_entries values ($1, $2)", [seq, entry]);
      await tx.run("update journal_head set size = $1, prev = $2, at_ms = $3", [head.size, head.prev, head.at_ms]);
    });
    return result;
  };
  const entryAt = async (seq: number) =>
    (await store.query<{ entry: Uint8Array }>("select entry from journal_entries where seq = $1", [seq]))[0].entry;

  test("untouched, both verifiers are content", async () => {
    assert.deepEqual(await findings([witnessed]), []);
    assert.deepEqual(await verifyIndependently(read, signer.verifierKey, [witnessed]), { origin: ORIGIN, size: SIGNED });
  });

  test("one bit flipped, in any of 30 entries including the first, the last signed and the last", async () => {
    for (const seq of [
      0,
      1,
      255,
      256,
      SIGNED - 1,
      SIGNED,
      SIZE - 1,
      ...Array.from({ length: 23 }, (_, i) => (i % 2 === 0 ? pick(300) : 9000 + pick(1000))),
    ]) {
      const bytes = Buffer.from(await entryAt(seq));
      bytes[pick(bytes.length)] ^= 1 << pick(8);
      const found = await tampered((tx) => tx.run("update journal_entries set entry = $1 where seq = $2", [bytes, seq]));
      assert.notDeepEqual(found, [], `entry ${seq}`);
    }
  });

  test("one bit flipped, anywhere in what was exported: every entry, tile and the checkpoint, by the independent verifier", async () => {
    for (const [path, bytes] of site) {
      const at = pick(bytes.length);
      const bit = 1 << pick(8);
      bytes[at] ^= bit;
      await assert.rejects(verifyIndependently(read, signer.verifierKey), `${path}: byte ${at}`);
      bytes[at] ^= bit;
    }
  });

  test("an entry dropped, and all after it renumbered or not", async () => {
    assert.notDeepEqual(await tampered((tx) => tx.run("delete from journal_entries where seq = 9500")), []);
    assert.notDeepEqual(await tampered((tx) => tx.run("delete from journal_entries where seq = 0")), []);
    assert.notDeepEqual(
      await tampered(async (tx) => {
        await tx.run("delete from journal_entries where seq = 9500");
        await tx.run("update journal_entries set seq = -seq where seq > 9500");
        await tx.run("update journal_entries set seq = -seq - 1 where seq < 0");
        await tx.run("update journal_head set size = size - 1");
      }),
      [],
    );
  });

  test("the end cut off, with a head that fits", async () => {
    const last = leafHash(await entryAt(9_899)).toString("hex");
    const found = await tampered(async (tx) => {
      await tx.run("delete from journal_entries where seq >= 9900");
      await tx.run("update journal_head set size = 9900, prev = $1", [last]);
    });
    assert.match(found[0].what, /9990 entries were signed, 9900 are there/);
  });

  test("two neighbours swapped, and one entry inserted twice", async () => {
    const [a, b] = [await entryAt(9_200), await entryAt(9_201)];
    assert.notDeepEqual(
      await tampered(async (tx) => {
        await tx.run("update journal_entries set entry = $1 where seq = 9200", [b]);
        await tx.run("update journal_entries set entry = $1 where seq = 9201", [a]);
      }),
      [],
    );
    assert.notDeepEqual(
      await tampered(async (tx) => {
        await tx.run("update journal_entries set seq = -seq where seq > 9200");
        await tx.run("update journal_entries set seq = 1 - seq where seq < 0");
        await tx.run("insert into journal_entries values (9201, $1)", [a]);
        await tx.run("update journal_head set size = size + 1");
      }),
      [],
    );
  });

  test("history rewritten with a chain, tiles and head that fit: the signature tells", async () => {
    const found = await tampered(async (tx) => {
      await tx.run("delete from journal_entries where seq >= 9990");
      await tx.run("delete from journal_entries where seq = 9989");
      const prev = leafHash(await entryAt(9_988)).toString("hex");
      await tx.run("update journal_head set size = 9989, prev = $1", [prev]);
      await appendEntries(tx as never, drafts(70_000, 70_011), T0);
    });
    assert.deepEqual(found, [{ where: "checkpoint 9990", what: "the entries do not have the root that was signed" }]);
  });

  test("a fork signed by the log's own key: the checkpoint that a witness kept tells, to both verifiers", async () => {
    const fork = await openStore(join(folder, "fork.db"));
    await prepareJournal(fork);
    await grow(fork, 0, 4_000);
    await grow(fork, 90_000, 92_000);
    const note = (await checkpointJournal(fork, signer, T0))!;
    const alone = await verifyJournal(fork, { verifierKey: signer.verifierKey });
    assert.deepEqual(alone.findings, []);
    const against = await verifyJournal(fork, { verifierKey: signer.verifierKey, witnessed: [witnessed] });
    assert.deepEqual(against.findings, [{ where: "checkpoint 5000", what: "the entries do not have the root that was signed" }]);
    const readFork = async (path: string) => (path === "checkpoint" ? Buffer.from(note) : (await readResource(fork, path))!);
    await verifyIndependently(readFork, signer.verifierKey);
    await assert.rejects(verifyIndependently(readFork, signer.verifierKey, [witnessed]), /first 5000 entries do not have the root/);
    await fork.close();
  });

  test("a checkpoint altered, or another log's", async () => {
    const note = (await latestCheckpoint(store))!;
    const altered = note.replace(String(SIGNED), String(SIGNED - 1));
    assert.throws(() => openCheckpoint(altered, signer.verifierKey), PulmuError);
    const other = newSigner("elsewhere.example/journal");
    const foreign = signCheckpoint({ origin: ORIGIN, size: 1, root: await rootAt(store, 1) }, other);
    assert.throws(() => openCheckpoint(foreign, other.verifierKey), /another log's/);
  });
});
