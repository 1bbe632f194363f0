import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

/** A PostgreSQL of our own, in a temporary folder, on a free port of the loopback. */
export interface PostgresServer {
  readonly folder: string;
  readonly port: number;
  /** Address of a new, empty database. */
  database(name?: string): Promise<string>;
  /** `kill -9` of the server, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again after `kill`. */
  start(): Promise<void>;
  /** Stops it as a careful person would; the folder stays. */
  halt(): Promise<void>;
  /** How it is started, for a test that starts it in its own way; its own user first, where we are root. */
  readonly command: readonly string[];
  /** Stops it and removes the folder. */
  stop(): Promise<void>;
}

/** With many others at the same disk, recovering takes minutes. */
const START_TIMEOUT_MS = 240_000;

function findBinaries(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).filter((name) => existsSync(join(root, name, "bin", "postgres"))) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? undefined : join(root, newest, "bin");
}

let known: string | undefined;

/** True when there is a PostgreSQL, or one could be installed. */
function postgresAvailable(): boolean {
  known ??= binaries();
  return known !== undefined;
}

/** Debian's package, installed once where we may (root on Debian). Several test files may ask at the same time: apt's own lock sorts them. */
function binaries(): string | undefined {
  const found = findBinaries();
  if (found !== undefined || process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return found;
  const apt = (...args: string[]) =>
    spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=300", ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "ignore", "inherit"],
    });
  process.stderr.write("installing PostgreSQL from Debian's packages for the tests …\n");
  apt("-qq", "update");
  apt("-qq", "-y", "--no-install-recommends", "install", "postgresql");
  return findBinaries();
}

/** The unprivileged user that PostgreSQL insists on when we are root. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith("postgres:"));
  const [, , uid, gid] = (line ?? "").split(":");
  return line === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A reason to skip, or false to run: under CI the tests run, and fail where there is no server. */
export function skipWithoutPostgres(): string | false {
  return postgresAvailable() || process.env["CI"] === "true"
    ? false
    : "no PostgreSQL here, and it cannot be installed (apt-get install postgresql)";
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-postgres-"));
  const user = serverUser();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  return folder;
}

/** Makes a copied or changed server's folder its own again. */
export function giveToServer(folder: string): void {
  chmodSync(join(folder, "data"), 0o700); // it insists
  const user = serverUser();
  if (user === undefined) return;
  for (const file of [folder, ...readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name))])
    chownSync(file, user.uid, user.gid);
}

function makeCluster(bin: string, data: string, user: ReturnType<typeof serverUser>, env: NodeJS.ProcessEnv): void {
  const args = ["--no-sync", "-A", "trust", "-U", "pulmu", "-E", "UTF8", "-D", data];
  const made = spawnSync(join(bin, "initdb"), args, { ...user, cwd: dirname(data), env, encoding: "utf8" });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
}

/** Starts a server, with `settings` such as `wal_buffers=1MB`; on a folder that a stopped one left, or a new one. */
export async function startPostgres(settings: readonly string[] = [], folder = newFolder()): Promise<PostgresServer> {
  if (!postgresAvailable()) throw new Error("PostgreSQL: neither found nor installable");
  const bin = known!;
  const user = serverUser();
  const data = join(folder, "data");
  const env = { ...process.env, LC_ALL: "C" };
  if (!existsSync(data)) makeCluster(bin, data, user, env);
  const port = await freePort();
  const address = (name: string) => `postgres://pulmu@127.0.0.1:${port}/${name}`;
  const options = [`listen_addresses=127.0.0.1`, `unix_socket_directories=${folder}`, `port=${port}`, "max_connections=60", ...settings];
  const args = ["-D", data, ...options.flatMap((option) => ["-c", option])];
  const asUser = user === undefined ? [] : ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"];
  let server: ChildProcess | undefined;
  let databases = 0;

  const ask = async (sql: string) => {
    const client = new pg.Client({ connectionString: address("postgres"), connectionTimeoutMillis: 5_000 });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.query(sql);
    } finally {
      await client.end().catch(() => {});
    }
  };

  const start = async () => {
    const deadline = Date.now() + START_TIMEOUT_MS;
    let log = "";
    while (Date.now() < deadline) {
      if (server === undefined || server.exitCode !== null) {
        server = spawn(join(bin, "postgres"), args, {
          ...user,
          cwd: folder,
          env,
          stdio: ["ignore", "ignore", "pipe"],
        });
        server.stderr!.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4_000)));
      }
      try {
        await ask("select 1");
        server.unref();
        (server.stderr as { unref?(): void } | null)?.unref?.();
        return;
      } catch {
        await sleep(50); // starting, replaying its log, or waiting for the old processes' memory to go
      }
    }
    throw new Error(`PostgreSQL did not start: ${log}`);
  };

  const end = async (signal: NodeJS.Signals) => {
    const old = server;
    if (old === undefined) return;
    server = undefined;
    if (old.exitCode !== null || old.signalCode !== null) return;
    old.ref();
    await new Promise((resolve) => {
      old.once("exit", resolve);
      old.kill(signal);
    });
  };

  // A test that ends without `stop` (an assertion outside its `try`, a timeout) leaves no server behind.
  const onExit = () => server?.kill("SIGQUIT");
  process.once("exit", onExit);
  await start();
  return {
    folder,
    port,
    database: async (name = `db${++databases}`) => {
      await ask(`create database ${name}`);
      return address(name);
    },
    kill: () => end("SIGKILL"),
    halt: () => end("SIGINT"), // fast shutdown
    command: [...asUser, join(bin, "postgres"), ...args],
    start,
    stop: async () => {
      await end("SIGINT");
      process.off("exit", onExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
