import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Something that answers chat completions: a gateway before the mock upstream, or the mock itself. */
export interface Target {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** CPU time of its processes so far, ms; to the clock tick of 10 ms. */
  cpuMs(): number;
  stop(): Promise<void>;
}

const PORTKEY = join(import.meta.dirname, "../../node_modules/.cache/portkey/node_modules/@portkey-ai/gateway/build/start-server.js");
/** A gateway has a core of its own; the load and the mock share the other. */
const GATEWAY_CORE = "0";
export const OTHER_CORE = "1";
const pins = process.platform === "linux" && spawnSync("taskset", ["--version"]).status === 0;

export function pinned(core: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const [program, all] = pins ? ["taskset", ["-c", core, command, ...args]] : [command, [...args]];
  return spawn(program, all, { stdio: ["ignore", "pipe", "inherit"], env });
}

async function firstLine(child: ChildProcess): Promise<{ readonly url: string; readonly key?: string }> {
  const [text] = (await once(child.stdout!, "data")) as [Buffer];
  return JSON.parse(text.toString()) as { url: string; key?: string };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** User and system time of a process and its children, from /proc: ticks of 10 ms. */
function cpuMsOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  const own = (Number(fields[11]) + Number(fields[12])) * 10;
  return own + (children === "" ? 0 : children.split(" ").reduce((sum, child) => sum + cpuMsOf(Number(child)), 0));
}

function nodeTarget(name: string, script: string, args: readonly string[], core = GATEWAY_CORE): Promise<Target> {
  const child = pinned(core, process.execPath, [join(import.meta.dirname, script), ...args]);
  return firstLine(child).then(({ url, key }) => ({
    name,
    url,
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    cpuMs: () => cpuMsOf(child.pid!),
    stop: () => stop(child),
  }));
}

export const mock = () => nodeTarget("direct", "mock.ts", [], OTHER_CORE);
export const bare = (upstream: string) => nodeTarget("node:http + undici, nothing looked at", "bare.ts", [upstream]);

/** The gateway on SQLite, or on the database given. */
export async function pulmu(upstream: string, database?: string): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-bench-"));
  const target = await nodeTarget(`pulmu, durable on ${database === undefined ? "SQLite" : "PostgreSQL"}`, "serve.ts", [
    upstream,
    database ?? join(folder, "bench.db"),
  ]);
  return {
    ...target,
    stop: async () => {
      await target.stop();
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
    stop: async () => {
      child.kill("SIGTERM");
      await once(child, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const PORTKEY_INSTALL = `mkdir -p node_modules/.cache/portkey && cd node_modules/.cache/portkey && echo '{"dependencies":{"@portkey-ai/gateway":"1.15.2"},"overrides":{"hono":"4.9.7","@hono/node-server":"1.13.5"}}' > package.json && npm i --ignore-scripts`;

/** Portkey's gateway, with the versions of its own lock file (with newer ones it answers 500 to streams); undefined where it is not installed. */
export async function portkey(upstream: string): Promise<Target | undefined> {
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
    stop: () => stop(child),
  };
}
