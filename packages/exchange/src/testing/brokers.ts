/** The three brokers that every test of the wire passes on: Aedes in the process, Mosquitto and NATS as Debian packages them. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startBroker, type EmbeddedBroker } from "../broker/broker.ts";
import type { Qos } from "../message.ts";

export type BrokerName = "aedes" | "mosquitto" | "nats";

/** A broker of our own on a free port of the loopback. */
export interface TestBroker {
  readonly name: BrokerName;
  readonly address: string;
  /** Highest QoS it knows: Debian's NATS 2.9 has no 2. */
  readonly maxQos: Qos;
  /** Ends it as a crash would; `start` brings it back on the same port. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;
const PATHS: Readonly<Record<"mosquitto" | "nats", string>> = { mosquitto: "/usr/sbin/mosquitto", nats: "/usr/sbin/nats-server" };

/** Declares a suite once for each broker. Where one can neither be found nor installed it is skipped, saying so; under CI it fails. */
export function onEveryBroker(name: string, suite: (broker: () => TestBroker) => void): void {
  for (const kind of ["aedes", "mosquitto", "nats"] as const) {
    describe(`${name}, on ${kind}`, { skip: skipWithout(kind) }, () => {
      let broker: TestBroker | undefined;
      before(async () => {
        broker = await startTestBroker(kind);
      });
      after(() => broker?.stop());
      suite(() => broker!);
    });
  }
}

export function skipWithout(kind: BrokerName): string | false {
  if (kind === "aedes" || available() || process.env["CI"] === "true") return false;
  return "no Mosquitto and NATS here, and they cannot be installed (apt-get install mosquitto nats-server)";
}

/** Debian's packages, installed once where we may. Several test files may ask at the same time: apt's own lock sorts them. */
function available(): boolean {
  const found = () => Object.values(PATHS).every((path) => existsSync(path));
  if (found() || process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return found();
  const apt = (...args: string[]) =>
    spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=300", ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "ignore", "inherit"],
    });
  process.stderr.write("installing Mosquitto and NATS from Debian's packages for the tests …\n");
  apt("-qq", "update");
  apt("-qq", "-y", "--no-install-recommends", "install", "mosquitto", "nats-server");
  return found();
}

/** `lines` stand in Mosquitto's configuration in place of the usual ones. */
export async function startTestBroker(kind: BrokerName, lines: readonly string[] = []): Promise<TestBroker> {
  const port = await freePort();
  const broker = kind === "aedes" ? embedded(port) : process_(kind, port, lines);
  await broker.start();
  return broker;
}

function embedded(port: number): TestBroker {
  let broker: EmbeddedBroker | undefined;
  const kill = async () => {
    await broker?.close();
    broker = undefined;
  };
  return {
    name: "aedes",
    address: `mqtt://127.0.0.1:${port}`,
    maxQos: 2,
    kill,
    stop: kill,
    async start() {
      broker = await startBroker({ port });
    },
  };
}

function process_(kind: "mosquitto" | "nats", port: number, lines: readonly string[]): TestBroker {
  if (!available()) throw new Error(`${kind}: neither found nor installable`);
  const folder = mkdtempSync(join(tmpdir(), `pulmu-${kind}-`));
  const config = join(folder, "broker.conf");
  writeFileSync(config, kind === "mosquitto" ? mosquittoConfig(port, lines) : natsConfig(port, folder));
  let server: ChildProcess | undefined;

  const end = async (signal: NodeJS.Signals) => {
    const old = server;
    server = undefined;
    if (old === undefined || old.exitCode !== null || old.signalCode !== null) return;
    await new Promise((resolve) => {
      old.once("exit", resolve);
      old.kill(signal);
    });
  };
  return {
    name: kind,
    address: `mqtt://127.0.0.1:${port}`,
    maxQos: kind === "nats" ? 1 : 2,
    kill: () => end("SIGKILL"),
    async start() {
      let log = "";
      server = spawn(PATHS[kind], ["-c", config], { stdio: ["ignore", "pipe", "pipe"] });
      for (const stream of [server.stdout!, server.stderr!])
        stream.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4_000)));
      const deadline = Date.now() + START_TIMEOUT_MS;
      while (!(await answers(port))) {
        if (server.exitCode !== null || Date.now() > deadline) throw new Error(`${kind} did not start: ${log}`);
        await sleep(25);
      }
    },
    async stop() {
      await end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** `lines` of its own, or no limits and no questions asked. */
function mosquittoConfig(port: number, lines: readonly string[]): string {
  const open = ["allow_anonymous true", "max_queued_messages 0", "max_inflight_messages 0"];
  const user = process.getuid?.() === 0 ? ["user root"] : []; // as another it could not read the tests' own files
  return [`listener ${port} 127.0.0.1`, ...user, "persistence false", ...(lines.length === 0 ? open : lines), ""].join("\n");
}

function natsConfig(port: number, folder: string): string {
  return `listen: "127.0.0.1:-1"
server_name: pulmu-test
max_payload: 4194304
jetstream { store_dir: "${folder}" }
mqtt { listen: "127.0.0.1:${port}" }
`;
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
