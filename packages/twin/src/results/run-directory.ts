import * as nodeFs from "node:fs";
import { dirname, join, resolve } from "node:path";
import { PulmuError } from "@pulmu/units";

/** The calls of node:fs that a run is written with: handed in, so that a test can fill the disk. */
export type RunFs = Pick<
  typeof nodeFs,
  | "closeSync"
  | "fsyncSync"
  | "lstatSync"
  | "mkdirSync"
  | "openSync"
  | "readdirSync"
  | "readFileSync"
  | "renameSync"
  | "rmdirSync"
  | "rmSync"
  | "writeSync"
>;

/** What the directory needs of the machine it is on. */
export interface RunHost {
  readonly fs: RunFs;
  readonly pid: number;
  isAlive(pid: number): boolean;
}

const nodeHost: RunHost = {
  fs: nodeFs,
  pid: process.pid,
  isAlive(pid) {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return errno(error) === "EPERM"; // it lives, and is someone else's
    }
  },
};

/** A file of the run that is being written. */
export interface OutFile {
  /** @throws PulmuError `results.*` when the disk is full or gone. */
  write(bytes: Uint8Array): void;
  /** Makes what was written durable and lets go of the file. */
  close(): void;
}

/** Names the process that writes a `.partial` directory, so that nobody clears away a run that is still going on. */
const OWNER = ".pulmu-run";
/** What makes a directory recognisable as a run: only such a directory is ever replaced. */
const KPIS = "kpis.json";

/**
 * A directory that appears whole or not at all: written beside its place as `<dir>.partial`, each file fsynced, and renamed
 * at the end. Writes are synchronous: a full disk stops the simulation at the second it happens, and nothing piles up in memory.
 */
export class RunDirectory {
  /** As the user gave it. */
  readonly dir: string;
  readonly #target: string;
  readonly #partial: string;
  readonly #host: RunHost;
  readonly #force: boolean;
  readonly #open = new Set<number>();
  readonly #bytes = new Map<string, number>();

  /**
   * Claims the place.
   * @throws PulmuError `results.exists` (something is there), `results.not-a-run` (even `force` replaces only a run),
   * `results.busy` (another run is writing there), or `results.*` for what the file system refuses.
   */
  constructor(dir: string, options: { readonly force?: boolean | undefined; readonly host?: RunHost | undefined } = {}) {
    this.dir = dir;
    this.#target = resolve(dir);
    this.#partial = `${this.#target}.partial`;
    this.#host = options.host ?? nodeHost;
    this.#force = options.force ?? false;
    this.#try(this.dir, () => {
      this.#refuseOccupied();
      this.#host.fs.mkdirSync(dirname(this.#target), { recursive: true });
      this.#claimPartial();
    });
    try {
      this.writeText(OWNER, `${this.#host.pid}\n`);
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** Starts a file. */
  create(name: string): OutFile {
    const { fs } = this.#host;
    const fd = this.#try(name, () => fs.openSync(join(this.#partial, name), "wx"));
    this.#open.add(fd);
    this.#bytes.set(name, 0);
    return {
      write: (bytes) => {
        this.#try(name, () => {
          for (let done = 0; done < bytes.length;) done += fs.writeSync(fd, bytes, done, bytes.length - done);
        });
        this.#bytes.set(name, this.#bytes.get(name)! + bytes.length);
      },
      close: () => {
        this.#try(name, () => fs.fsyncSync(fd));
        this.#open.delete(fd);
        this.#try(name, () => fs.closeSync(fd));
      },
    };
  }

  /** Writes a whole file. */
  writeText(name: string, text: string): void {
    const file = this.create(name);
    file.write(new TextEncoder().encode(text));
    file.close();
  }

  /** Moves the finished directory to its place and lists its files with their sizes. */
  commit(): readonly { readonly name: string; readonly bytes: number }[] {
    const { fs, pid } = this.#host;
    this.#try(this.dir, () => {
      this.#refuseOccupied(); // hours may have passed since the place was claimed
      fs.rmSync(join(this.#partial, OWNER));
      if (this.#entries(this.#target)?.length === 0) fs.rmdirSync(this.#target);
      const old = `${this.#target}.replaced-${pid}`;
      const replaces = this.#entries(this.#target) !== undefined;
      if (replaces) fs.renameSync(this.#target, old);
      try {
        fs.renameSync(this.#partial, this.#target);
      } catch (error) {
        if (replaces) fs.renameSync(old, this.#target);
        throw error;
      }
      if (replaces) attempt(() => fs.rmSync(old, { recursive: true }));
    });
    this.#bytes.delete(OWNER);
    return [...this.#bytes].map(([name, bytes]) => ({ name, bytes }));
  }

  /** Takes everything back. Never throws: it runs when something else already went wrong. */
  discard(): void {
    const { fs } = this.#host;
    for (const fd of this.#open) attempt(() => fs.closeSync(fd));
    this.#open.clear();
    attempt(() => fs.rmSync(this.#partial, { recursive: true, force: true }));
  }

  #refuseOccupied(): void {
    const entries = this.#entries(this.#target);
    if (entries === undefined || entries.length === 0) return;
    if (!this.#force) {
      const hint = "choose another place with --out, or replace it with --force";
      throw new PulmuError({ code: "results.exists", file: this.dir, rule: "this directory is not empty", hint });
    }
    if (!entries.includes(KPIS)) {
      const hint = `--force replaces only a directory that holds a run (with a ${KPIS})`;
      throw new PulmuError({ code: "results.not-a-run", file: this.dir, rule: "this directory is not a run of Pulmu", hint });
    }
  }

  #claimPartial(): void {
    const { fs } = this.#host;
    const stale = this.#entries(this.#partial);
    if (stale !== undefined) {
      const owner = stale.includes(OWNER) ? Number(fs.readFileSync(join(this.#partial, OWNER), "utf8")) : Number.NaN;
      const hint = "choose another place with --out, or remove it if no run is writing there";
      if (stale.length > 0 && !Number.isInteger(owner)) {
        throw new PulmuError({ code: "results.not-a-run", file: this.#partial, rule: "in the way, and not left by a run of Pulmu", hint });
      }
      if (Number.isInteger(owner) && this.#host.isAlive(owner)) {
        throw new PulmuError({ code: "results.busy", file: this.#partial, rule: `process ${owner} is writing a run there`, hint });
      }
      fs.rmSync(this.#partial, { recursive: true, force: true });
    }
    fs.mkdirSync(this.#partial);
  }

  /** Names in a directory; undefined when nothing is there. */
  #entries(dir: string): readonly string[] | undefined {
    const { fs } = this.#host;
    return fs.lstatSync(dir, { throwIfNoEntry: false }) === undefined ? undefined : fs.readdirSync(dir);
  }

  #try<T>(name: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (errno(error) === undefined) throw error;
      throw refusal(error, name === this.dir ? name : join(this.dir, name));
    }
  }
}

const ELSEWHERE = "choose another place with --out";
const REFUSALS: Readonly<Record<string, readonly [code: string, rule: string, hint: string]>> = {
  ENOSPC: ["disk-full", "the disk is full; nothing of this run was kept", `free some space, or ${ELSEWHERE}`],
  EDQUOT: ["disk-full", "your disk quota is used up; nothing of this run was kept", `free some space, or ${ELSEWHERE}`],
  EROFS: ["read-only", "the file system is read-only", ELSEWHERE],
  EACCES: ["no-permission", "no permission to write here", ELSEWHERE],
  EPERM: ["no-permission", "no permission to write here", ELSEWHERE],
  ENOENT: ["vanished", "the directory was removed while the run was being written", "run it again"],
  ENOTDIR: ["not-a-directory", "a file stands where a directory is needed", ELSEWHERE],
};

function refusal(error: unknown, file: string): PulmuError {
  const [code, rule, hint] = REFUSALS[errno(error)!] ?? ["io", (error as Error).message, ELSEWHERE];
  return new PulmuError({ code: `results.${code}`, file, rule, hint });
}

/** `ENOSPC` and its like; undefined for anything that is not an error of the operating system. */
function errno(error: unknown): string | undefined {
  return error instanceof Error && "errno" in error ? (error as NodeJS.ErrnoException).code : undefined;
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Tidying up: what it follows has already succeeded or failed, and that is what to tell.
  }
}
