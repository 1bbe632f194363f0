import { spawn, spawnSync } from "node:child_process";
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Random } from "@pulmu/units";

/** What a program did to its files, in order, as the kernel saw it. */
export type FileEvent =
  | { readonly kind: "write"; readonly path: string; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly path: string; readonly size: number }
  | { readonly kind: "sync"; readonly path: string }
  | { readonly kind: "unlink"; readonly path: string }
  /** A line on standard output: what the program promised. */
  | { readonly kind: "said"; readonly line: string };

/** A reason to skip, or false: strace is there, or could be installed (root on Debian). */
export function skipWithoutStrace(): string | false {
  const works = () => spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;
  if (works()) return false;
  if (process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    spawnSync("apt-get", ["-qq", "update"], { env, stdio: "ignore" });
    spawnSync("apt-get", ["-qq", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", "install", "strace"], {
      env,
      stdio: "ignore",
    });
    if (works()) return false;
  }
  return "needs strace";
}

/**
 * Runs a command until it has said `lines` lines, then kills it and all it started; what they did to files below `folder`, where their
 * relative paths begin.
 */
export async function traceFiles(
  folder: string,
  lines: number,
  command: readonly string[],
  kind: "one program" | "many processes" = "one program",
): Promise<FileEvent[]> {
  const work = mkdtempSync(join(tmpdir(), "pulmu-strace-"));
  const log = join(work, "trace");
  try {
    const calls = "trace=openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink,close";
    const child = spawn("strace", ["-f", "-q", "-xx", "-s", "2000000", "-e", calls, "-o", log, ...command], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    let said = 0;
    for await (const _ of createInterface({ input: child.stdout })) if (++said >= lines) break;
    process.kill(-child.pid!, "SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
    if (said < lines) throw new Error(`the traced program ended early: ${errors.slice(-2_000)}`);
    return await parse(log, folder, kind === "one program");
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const unhex = (text: string) => Buffer.from(text.replaceAll("\\x", ""), "hex");

/** Threads of one program share the numbers of their open files; processes each have their own. */
async function parse(log: string, folder: string, shared: boolean): Promise<FileEvent[]> {
  const events: FileEvent[] = [];
  const paths = new Map<string, string>();
  /** Where the next plain `write` goes; nobody here seeks. */
  const positions = new Map<string, number>();
  const openFile = (thread: string, fd: string) => (shared ? fd : `${thread}:${fd}`);
  /** Calls that another thread's line interrupted: their beginning, by thread. */
  const begun = new Map<string, string>();
  for await (const raw of createInterface({ input: createReadStream(log) })) {
    const thread = raw.slice(0, raw.indexOf(" "));
    let line = raw.slice(raw.indexOf(" ")).trimStart();
    if (line.endsWith("<unfinished ...>")) {
      begun.set(thread, line.slice(0, -"<unfinished ...>".length).trimEnd());
      // What was written counts from the moment it was handed over; what was promised, from the moment it was said.
      if (!/^(?:pwrite64|write)\(/.test(line)) continue;
      line = `${begun.get(thread)!}) = 0`;
      begun.delete(thread);
    } else if (line.startsWith("<... ")) {
      const start = begun.get(thread);
      begun.delete(thread);
      if (start === undefined) continue;
      line = start + line.slice(line.indexOf("resumed>") + "resumed>".length);
    }
    if (/= -1 /.test(line)) continue;
    let match = /^openat\([^,]+, "([^"]*)".*= (\d+)/.exec(line);
    if (match !== null) {
      const path = resolve(folder, unhex(match[1]).toString());
      paths.set(openFile(thread, match[2]), path);
      positions.set(openFile(thread, match[2]), 0);
      continue;
    }
    match = /^(\w+)\((?:(\d+)|"([^"]*)")(?:, (?:"([^"]*)"|(\d+)))?(?:, (\d+))?(?:, (\d+))?/.exec(line);
    if (match === null) continue;
    const [, call, fd, name, data, number, , offset] = match;
    const path = name === undefined ? paths.get(openFile(thread, fd)) : resolve(folder, unhex(name).toString());
    const ours = path?.startsWith(folder) === true;
    if (call === "write" && fd === "1")
      for (const text of unhex(data).toString().trimEnd().split("\n")) events.push({ kind: "said", line: text });
    else if (call === "write" && ours) {
      const key = openFile(thread, fd);
      const bytes = unhex(data);
      events.push({ kind: "write", path, offset: positions.get(key) ?? 0, bytes });
      positions.set(key, (positions.get(key) ?? 0) + bytes.length);
    } else if (call === "pwrite64" && ours) events.push({ kind: "write", path, offset: Number(offset), bytes: unhex(data) });
    else if (call === "ftruncate" && ours) events.push({ kind: "truncate", path, size: Number(number) });
    else if ((call === "fsync" || call === "fdatasync") && ours) events.push({ kind: "sync", path });
    else if (call === "unlink" && ours) events.push({ kind: "unlink", path });
    else if (call === "close") paths.delete(openFile(thread, fd));
  }
  return events;
}

const SECTOR = 512;

/**
 * Makes of `target`, a copy of the traced folder as it was before, what a disk would hold after the power went at an event: all that was
 * synced, and of the rest nothing, or with `random` any part of it, in any order, torn at any sector.
 */
export function afterPowerCut(events: readonly FileEvent[], cut: number, folder: string, target: string, random?: Random): void {
  const placeOf = (path: string) => join(target, relative(folder, path));
  const files = new Map<string, { readonly disk: Content; waiting: FileEvent[]; known: boolean }>();
  for (const event of events.slice(0, cut)) {
    if (event.kind === "said" || (event.kind === "sync" && !files.has(event.path))) continue; // of a folder, or nothing written
    const file = files.get(event.path) ?? { disk: new Content(placeOf(event.path)), waiting: [], known: false };
    files.set(event.path, file);
    if (event.kind === "sync") {
      for (const waiting of file.waiting) file.disk.apply(waiting);
      file.waiting = [];
      file.known = true;
    } else if (event.kind === "unlink") {
      files.delete(event.path);
    } else {
      file.waiting.push(event);
    }
  }
  for (const [path, { disk, waiting, known }] of files) {
    if (path.endsWith("-shm")) continue; // rebuilt from the log on opening
    if (random !== undefined) for (const event of waiting) if (random.next() < 0.5) disk.apply(torn(event, random));
    if (!known && disk.bytes.length === 0) continue;
    mkdirSync(dirname(placeOf(path)), { recursive: true });
    writeFileSync(placeOf(path), disk.bytes);
  }
}

function torn(event: FileEvent, random: Random): FileEvent {
  if (event.kind !== "write" || random.next() < 0.5) return event;
  const sectors = Math.floor(random.next() * (event.bytes.length / SECTOR));
  return { ...event, bytes: event.bytes.subarray(0, sectors * SECTOR) };
}

/** The bytes of a file, growing. */
class Content {
  #room: Buffer;
  #size: number;

  constructor(before: string) {
    this.#room = existsSync(before) ? readFileSync(before) : Buffer.alloc(1 << 16);
    this.#size = existsSync(before) ? this.#room.length : 0;
  }

  get bytes(): Buffer {
    return this.#room.subarray(0, this.#size);
  }

  apply(event: FileEvent): void {
    if (event.kind === "truncate") this.#resize(event.size);
    if (event.kind !== "write") return;
    if (event.offset + event.bytes.length > this.#size) this.#resize(event.offset + event.bytes.length);
    event.bytes.copy(this.#room, event.offset);
  }

  #resize(size: number): void {
    if (size > this.#room.length) this.#room = Buffer.concat([this.#room], Math.max(size, 2 * this.#room.length));
    if (size < this.#size) this.#room.fill(0, size, this.#size);
    this.#size = size;
  }
}
