import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Something that answers chat completions: a gateway before the mock upstream, or the mock itself. */
export interface Target {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** CPU time of its processes so far, ms. */
  cpuMs(): number;
  /** Memory of its processes now, MB. */
  residentMb(): number;
  stop(): Promise<void>;
}

const PORTKEY_FOLDER = join(import.meta.dirname, "../../node_modules/.cache/portkey");
const PORTKEY = join(PORTKEY_FOLDER, "node_modules/@portkey-ai/gateway/build/start-server.js");
/** A gateway has a core of its own; the load and the mock share the other. */
const GATEWAY_CORE = "0";
export const OTHER_CORE = "1";
export const ALL_CORES = "0,1";
const pins = process.platform === "linux" && spawnSync("taskset", ["--version"]).status === 0;

export function pinned(core: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const [program, all] = pins ? ["taskset", ["-c", core, command, ...args]] : [command, [...args]];
  return spawn(program, all, { stdio: ["ignore", "pipe", "inherit"], env });
}

interface Told {
  readonly url: string;
  readonly key?: string;
  readonly fewKey?: string;
}

async function firstLine(child: ChildProcess): Promise<Told> {
  const [text] = (await Promise.race([
    once(child.stdout!, "data"),
    once(child, "exit").then(() => Promise.reject(new Error("it ended before it served"))),
  ])) as [Buffer];
  return JSON.parse(text.toString()) as Told;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** What the scheduler gave all threads of a process and its children, from /proc. */
function cpuMsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map(
    (id) => Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8").split(" ")[0]) / 1e6,
  );
  return sum(threads) + sum(childrenOf(pid).map(cpuMsOf));
}

function residentMbOf(pid: number): number {
  const kb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  return kb / 1_024 + sum(childrenOf(pid).map(residentMbOf));
}

const bearer = (key: string | undefined) => (key === undefined ? {} : { authorization: `Bearer ${key}` });

async function nodeTarget(
  name: string,
  script: string,
  args: readonly string[],
  core = GATEWAY_CORE,
): Promise<Target & { readonly told: Told }> {
  const child = pinned(core, process.execPath, [join(import.meta.dirname, script), ...args]);
  const told = await firstLine(child);
  return {
    name,
    told,
    url: told.url,
    headers: bearer(told.key),
    cpuMs: () => cpuMsOf(child.pid!),
    residentMb: () => residentMbOf(child.pid!),
    stop: () => stop(child),
  };
}

export const mock = () => nodeTarget("direct", "mock.ts", [], OTHER_CORE);
export const bare = (upstream: string) => nodeTarget("node:http + undici, nothing looked at", "bare.ts", [upstream]);

/** Gateways on one database and one port. */
export interface Gateways extends Target {
  /** Of a tenant that may ask 5,000 times a day. */
  readonly fewHeaders: Readonly<Record<string, string>>;
}

/** The gateway on SQLite, or on the database given; as so many processes. Several share both cores with the load. */
export async function pulmu(upstream: string, database?: string, processes = 1): Promise<Gateways> {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-bench-"));
  const address = database ?? join(folder, "bench.db");
  const cores = processes === 1 ? GATEWAY_CORE : ALL_CORES;
  const name = `pulmu, durable on ${database === undefined ? "SQLite" : "PostgreSQL"}${processes === 1 ? "" : `, ${processes} workers`}`;
  const all = [await nodeTarget(name, "serve.ts", [upstream, address], cores)];
  const [{ told }] = all;
  while (all.length < processes) all.push(await nodeTarget(name, "serve.ts", [upstream, address, "--join", new URL(told.url).port], cores));
  return {
    ...all[0],
    fewHeaders: bearer(told.fewKey),
    cpuMs: () => sum(all.map((one) => one.cpuMs())),
    residentMb: () => sum(all.map((one) => one.residentMb())),
    stop: async () => {
      for (const one of all) await one.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect(port, "127.0.0.1");
    const up = await Promise.race([once(socket, "connect").then(() => true), once(socket, "error").then(() => false)]).catch(() => false);
    socket.destroy();
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** nginx as a plain proxy with kept-alive upstream connections; undefined where it is not installed. */
export async function nginx(upstream: string): Promise<Target | undefined> {
  if (spawnSync("nginx", ["-v"]).status !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "pulmu-nginx-"));
  const port = await freePort();
  const config = join(folder, "nginx.conf");
  const log = `error_log ${folder}/error.log; pid ${folder}/pid;`;
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ");
  writeFileSync(
    config,
    `daemon off; worker_processes 1; ${log} events { worker_connections 4096; }
http { access_log off; ${paths} keepalive_requests 1000000; client_max_body_size 1m; client_body_buffer_size 128k;
upstream up { server ${new URL(upstream).host}; keepalive 1024; keepalive_requests 1000000; }
server { listen 127.0.0.1:${port}; location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } } }`,
  );
  const child = pinned(GATEWAY_CORE, "nginx", ["-c", config, "-p", folder]);
  await untilListening(port);
  return {
    name: "nginx, plain proxy",
    url: `http://127.0.0.1:${port}/v1`,
    headers: {},
    cpuMs: () => cpuMsOf(child.pid!),
    residentMb: () => residentMbOf(child.pid!),
    stop: async () => {
      child.kill("SIGTERM");
      await once(child, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Its version, and those of what it needs from its own lock file: with newer ones it answers 500 to streams. */
const PORTKEY_PACKAGES = {
  dependencies: { "@portkey-ai/gateway": "1.15.2" },
  overrides: { hono: "4.9.7", "@hono/node-server": "1.13.5" },
};

function installPortkey(): void {
  mkdirSync(PORTKEY_FOLDER, { recursive: true });
  writeFileSync(join(PORTKEY_FOLDER, "package.json"), JSON.stringify(PORTKEY_PACKAGES));
  spawnSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: PORTKEY_FOLDER, stdio: "ignore" });
}

/** Portkey's gateway, installed if it is not there; undefined where it cannot be had. */
export async function portkey(upstream: string): Promise<Target | undefined> {
  if (!existsSync(PORTKEY)) installPortkey();
  if (!existsSync(PORTKEY)) return undefined;
  const port = await freePort();
  const child = pinned(GATEWAY_CORE, process.execPath, [PORTKEY, "--headless", `--port=${port}`], {
    ...process.env,
    NODE_ENV: "production",
  });
  child.stdout!.resume();
  await untilListening(port);
  return {
    name: "@portkey-ai/gateway 1.15.2",
    url: `http://127.0.0.1:${port}/v1`,
    headers: { "x-portkey-provider": "openai", "x-portkey-custom-host": upstream, authorization: "Bearer x" },
    cpuMs: () => cpuMsOf(child.pid!),
    residentMb: () => residentMbOf(child.pid!),
    stop: () => stop(child),
  };
}
