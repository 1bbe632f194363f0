#!/usr/bin/env node
// Verifies a tiled transparency log from its files or over HTTP. Written from the public texts alone, to be a second opinion:
// c2sp.org/tlog-tiles, c2sp.org/tlog-checkpoint, c2sp.org/signed-note, RFC 6962 §2.1. It shares no code with the program
// that writes the log, and needs nothing but Node 20.
//
//   node verify-tlog.mjs FOLDER-OR-URL VERIFIER-KEY [OLDER-CHECKPOINT-FILE …]
//
// Exit code 0: every entry hashes into the signed tree, and the tree continues every older checkpoint given. 1: it does not.
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

class Refused extends Error {}

const refuse = (reason) => {
  throw new Refused(reason);
};

const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

/** RFC 6962 MTH over hashes of equal subtrees (or leaf hashes): split at the largest power of two below the count. */
function merkle(hashes, from = 0, until = hashes.length) {
  const count = until - from;
  if (count === 0) return sha256();
  if (count === 1) return hashes[from];
  let k = 1;
  while (k * 2 < count) k *= 2;
  return sha256(NODE, merkle(hashes, from, from + k), merkle(hashes, from + k, until));
}

/** Signed note: text up to the last blank line, then signature lines. */
function openNote(note, vkey) {
  const [name, idHex, keyText] = splitVkey(vkey);
  const key = Buffer.from(keyText, "base64");
  if (key.length !== 33 || key[0] !== 1) refuse("the verifier key is not Ed25519");
  const id = sha256(name, "\n", key).subarray(0, 4);
  if (id.toString("hex") !== idHex) refuse("the verifier key's id does not belong to it");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key.subarray(1).toString("base64url") }, format: "jwk" });
  const blank = note.lastIndexOf("\n\n");
  if (blank < 0 || !note.endsWith("\n")) refuse("the checkpoint is not a signed note");
  for (const char of note) if (char < " " && char !== "\n") refuse("the checkpoint has control characters");
  const text = note.slice(0, blank + 1);
  let signed = 0;
  for (const line of note.slice(blank + 2, -1).split("\n")) {
    const [dash, signer, base64, ...rest] = line.split(" ");
    const bytes = Buffer.from(base64 ?? "", "base64");
    if (dash !== "—" || rest.length > 0 || bytes.length < 5 || bytes.toString("base64") !== base64) refuse("a signature line is malformed");
    if (signer !== name || !bytes.subarray(0, 4).equals(id)) continue;
    if (!verify(null, Buffer.from(text), publicKey, bytes.subarray(4))) refuse("the signature is wrong");
    signed++;
  }
  if (signed === 0) refuse("the checkpoint is not signed by this key");
  return text;
}

function splitVkey(vkey) {
  const first = vkey.indexOf("+");
  const second = vkey.indexOf("+", first + 1);
  if (first < 1 || second < 0) refuse("the verifier key is not name+id+base64");
  return [vkey.slice(0, first), vkey.slice(first + 1, second), vkey.slice(second + 1)];
}

function openCheckpoint(note, vkey) {
  const lines = openNote(note, vkey).split("\n");
  const [origin, sizeText, rootText] = lines;
  const size = Number(sizeText);
  const root = Buffer.from(rootText ?? "", "base64");
  if (!origin || String(size) !== sizeText || !Number.isSafeInteger(size) || size < 0) refuse("the checkpoint has no tree size");
  if (root.length !== 32 || root.toString("base64") !== rootText) refuse("the checkpoint has no root hash");
  return { origin, size, root };
}

function pathOf(level, n, width) {
  const digits = String(n);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, "0");
  const groups = padded.match(/\d{3}/g);
  return `tile/${level}/${groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join("/")}${width < 256 ? `.p/${width}` : ""}`;
}

/** `read(path)` gives a resource's bytes. @returns {Promise<{ origin: string, size: number }>} */
export async function verifyLog(read, vkey, olderNotes = []) {
  const checkpoint = openCheckpoint((await read("checkpoint")).toString("utf8"), vkey);
  const older = olderNotes.map((note) => openCheckpoint(note, vkey));
  for (const old of older) {
    if (old.origin !== checkpoint.origin) refuse("an older checkpoint is another log's");
    if (old.size > checkpoint.size) refuse(`the log was ${old.size} entries long and is ${checkpoint.size} now: it was cut`);
  }
  // Leaves in order; `spine` holds the roots of the full subtrees left of the next one, with their sizes.
  const spine = [];
  const meet = (count) => {
    for (const { size, root } of [...older, checkpoint])
      if (size === count && !spineRoot(spine).equals(root)) refuse(`the first ${count} entries do not have the root that was signed`);
  };
  meet(0);
  let below = []; // hash of each full tile of the level just read
  for (let level = 0, count = checkpoint.size; count > 0; level++, count = Math.floor(count / 256)) {
    const roots = [];
    for (let n = 0; n * 256 < count; n++) {
      const width = Math.min(256, count - n * 256);
      const tile = await read(pathOf(level, n, width));
      if (tile.length !== width * 32) refuse(`${pathOf(level, n, width)} has ${tile.length} bytes, not ${width * 32}`);
      const hashes = Array.from({ length: width }, (_, i) => tile.subarray(i * 32, i * 32 + 32));
      if (level > 0) {
        for (let i = 0; i < width; i++)
          if (!hashes[i].equals(below[n * 256 + i])) refuse(`hash ${i} of ${pathOf(level, n, width)} is not the root of the tile below it`);
      } else {
        const entries = unbundle(await read(pathOf("entries", n, width)), pathOf("entries", n, width));
        if (entries.length !== width) refuse(`${pathOf("entries", n, width)} has ${entries.length} entries, not ${width}`);
        for (let i = 0; i < width; i++) {
          const leaf = sha256(LEAF, entries[i]);
          if (!leaf.equals(hashes[i])) refuse(`entry ${n * 256 + i} does not have the hash in its tile`);
          grow(spine, leaf);
          meet(n * 256 + i + 1);
        }
      }
      if (width === 256) roots.push(merkle(hashes));
    }
    below = roots;
  }
  return { origin: checkpoint.origin, size: checkpoint.size };
}

function unbundle(bytes, path) {
  const entries = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 2 > bytes.length) refuse(`${path} is cut short`);
    const end = at + 2 + bytes.readUInt16BE(at);
    if (end > bytes.length) refuse(`${path} is cut short`);
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

function grow(spine, leaf) {
  let subtree = { hash: leaf, size: 1 };
  while (spine.length > 0 && spine[spine.length - 1].size === subtree.size) {
    const left = spine.pop();
    subtree = { hash: sha256(NODE, left.hash, subtree.hash), size: left.size * 2 };
  }
  spine.push(subtree);
}

const spineRoot = (spine) =>
  spine.length === 0
    ? sha256()
    : spine.slice(0, -1).reduceRight((right, { hash }) => sha256(NODE, hash, right), spine[spine.length - 1].hash);

async function main([place, vkey, ...olderFiles]) {
  if (vkey === undefined) {
    process.stderr.write("usage: node verify-tlog.mjs FOLDER-OR-URL VERIFIER-KEY [OLDER-CHECKPOINT-FILE …]\n");
    return 2;
  }
  const read = async (path) => {
    if (!/^https?:/.test(place)) return readFile(join(place, path)).catch(() => refuse(`${path} is missing`));
    const response = await fetch(`${place.replace(/\/$/, "")}/${path}`, { signal: AbortSignal.timeout(30_000) });
    return response.ok ? Buffer.from(await response.arrayBuffer()) : refuse(`${path}: HTTP ${response.status}`);
  };
  try {
    const older = await Promise.all(olderFiles.map((file) => readFile(file, "utf8")));
    const { origin, size } = await verifyLog(read, vkey, older);
    process.stdout.write(
      `verified: ${origin}, ${size} entries${older.length > 0 ? `, continues ${older.length} older checkpoint(s)` : ""}\n`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    process.stdout.write(`NOT VERIFIED: ${error.message}\n`);
    return 1;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.exitCode = await main(process.argv.slice(2));
