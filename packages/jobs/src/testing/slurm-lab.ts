import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gresConf, type SlurmShape, slurmConf, topologyConf } from "./slurm-config.ts";
import { slurmAvailable } from "./slurm-packages.ts";

const run = promisify(execFile);
const START_TIMEOUT_MS = 60_000;
const COMMAND_TIMEOUT_MS = 10_000;

/** A daemon of the cluster that can be killed: `gpu3` is the slurmd of that node. */
export type SlurmDaemon = "slurmctld" | "slurmrestd" | `gpu${number}`;

/** A real Slurm of our own, as Debian packages it: fake GPUs, REST with tokens, on the loopback. */
export interface SlurmLab {
  readonly shape: SlurmShape;
  readonly folder: string;
  /** Address of slurmrestd. */
  readonly url: string;
  readonly user: string;
  /** What Slurm's own commands need in the environment. */
  readonly env: NodeJS.ProcessEnv;
  /** A token for slurmrestd, as a machine makes it whose clock is so much ahead; of negative life: one that has expired. */
  token(lifeS?: number, aheadS?: number): string;
  /** Runs one of Slurm's commands. */
  command(name: "scontrol" | "squeue" | "sinfo" | "scancel" | "sbatch", ...args: string[]): Promise<string>;
  /** Ends a daemon as a crash would; `start` brings it back. */
  kill(daemon: SlurmDaemon): Promise<void>;
  start(daemon: SlurmDaemon): Promise<void>;
  /** Waits until this many nodes are usable. */
  ready(nodes?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a cluster: 8 nodes with 8 GPUs each in two racks, unless said otherwise. About a second. */
export async function startSlurmLab(wanted: Partial<SlurmShape> = {}): Promise<SlurmLab> {
  if (!slurmAvailable()) throw new Error("Slurm: neither found nor installable");
  const shape = { nodes: 8, gpusPerNode: 8, nodesPerRack: 4, powerKw: 100, nodeTimeoutS: 30, ...wanted };
  const folder = mkdtempSync(join(tmpdir(), "pulmu-slurm-"));
  const { username: user } = userInfo();
  const version = /(\d+\.\d+)/.exec((await run("slurmctld", ["-V"])).stdout)![1];
  const [controllerPort, restPort, ...nodePorts] = await freePorts(shape.nodes + 2);
  const env = { ...process.env, SLURM_CONF: join(folder, "etc/slurm.conf") };
  const key = prepare(folder, shape, { folder, user, host: hostname().split(".")[0], version, controllerPort, nodePorts });
  const children = new Map<string, ChildProcess>();
  const url = `http://127.0.0.1:${restPort}`;

  const launch = (name: string, command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) => {
    const child = spawn(command, args, { env: { ...env, ...more }, stdio: "ignore" });
    child.unref();
    children.set(name, child);
  };
  const end = async (name: string, signal: NodeJS.Signals) => {
    const child = children.get(name);
    children.delete(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    await new Promise((resolve) => {
      child.once("exit", resolve);
      child.kill(signal);
    });
  };
  const command: SlurmLab["command"] = async (name, ...args) => (await run(name, args, { env, timeout: COMMAND_TIMEOUT_MS })).stdout;

  const startRest = async () => {
    const asNobody = process.getuid?.() === 0 ? ["-u", "nobody"] : []; // it refuses to run as root or as Slurm's user
    const plugins = version === "22.05" ? "openapi/v0.0.38" : "slurmctld";
    launch(
      "slurmrestd",
      "slurmrestd",
      ["-f", env.SLURM_CONF, "-a", "rest_auth/jwt", "-s", plugins, ...asNobody, url.slice("http://".length)],
      {
        SLURM_JWT: "daemon",
        SLURMRESTD_SECURITY: "disable_user_check",
      },
    );
    await until(() => fetch(url).then(() => true, () => false), "slurmrestd answers"); // prettier-ignore
  };
  const start = async (daemon: SlurmDaemon) => {
    if (daemon === "slurmrestd") return startRest();
    if (daemon === "slurmctld") launch(daemon, "slurmctld", ["-D", "-f", env.SLURM_CONF]);
    else launch(daemon, "slurmd", ["-D", "-f", env.SLURM_CONF, "-N", daemon]);
    return undefined;
  };
  const ready = (nodes = shape.nodes) =>
    until(async () => {
      const lines = await command("sinfo", "-h", "-N", "-o", "%T").catch(() => "");
      return lines.split("\n").filter((line) => /^(idle|mixed|allocated|completing)$/.test(line)).length >= nodes;
    }, `${nodes} nodes are up`);

  const killAll = () => {
    for (const child of children.values()) child.kill("SIGKILL");
  };
  process.once("exit", killAll); // a test that ends without `stop` leaves no daemon behind
  const stop = async () => {
    process.off("exit", killAll);
    await command("scancel", "-f", "-u", user).catch(() => {});
    for (const name of [...children.keys()].toReversed()) await end(name, "SIGKILL");
    endStrays(folder);
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    launch("munged", "munged", ["-F", "--force", ...["key", "socket", "pid", "log", "seed"].map((what) => `--${what}-file=${folder}/munge/munge.${what}`)].map((arg) => arg.replace("--socket-file", "--socket").replace("munge.pid", "munged.pid"))); // prettier-ignore
    await until(async () => readdirSync(join(folder, "munge")).includes("munge.socket"), "munged answers");
    chmodSync(join(folder, "munge"), 0o755);
    await start("slurmctld");
    for (let i = 1; i <= shape.nodes; i++) {
      mkdirSync(join(folder, "spool", `gpu${i}`), { recursive: true });
      await start(`gpu${i}`);
    }
    await ready();
    await startRest();
  } catch (error) {
    await stop();
    throw error;
  }
  return { shape, folder, url, user, env, token: (lifeS = 86_400, aheadS = 0) => jwt(key, user, lifeS, aheadS), command, kill: (daemon) => end(daemon, "SIGKILL"), start, ready, stop }; // prettier-ignore
}

/** Lays out the folder; the key that signs tokens. */
function prepare(folder: string, shape: SlurmShape, place: Parameters<typeof slurmConf>[1]): Buffer {
  for (const name of ["etc", "run", "log", "state", "spool", "dev", "munge"]) mkdirSync(join(folder, name));
  for (const name of ["", "etc"]) chmodSync(join(folder, name), 0o755);
  for (const name of ["munge", "state"]) chmodSync(join(folder, name), 0o700);
  const key = randomBytes(32);
  writeFileSync(join(folder, "etc/jwt.key"), key, { mode: 0o600 });
  writeFileSync(join(folder, "munge/munge.key"), randomBytes(1024), { mode: 0o600 });
  for (let i = 0; i < shape.gpusPerNode; i++) symlinkSync("/dev/null", join(folder, "dev", `nvidia${i}`)); // slurmd asks for a character device
  writeFileSync(join(folder, "etc/slurm.conf"), slurmConf(shape, place));
  writeFileSync(join(folder, "etc/gres.conf"), gresConf(shape, folder));
  writeFileSync(join(folder, "etc/topology.conf"), topologyConf(shape));
  if (place.version !== "22.05") writeFileSync(join(folder, "etc/cgroup.conf"), "CgroupPlugin=disabled\n");
  return key;
}

/** The token that `scontrol token` would make (HS256; `sun` is the user's name), of any life. */
function jwt(key: Buffer, user: string, lifeS: number, aheadS: number): string {
  const nowS = Math.floor(Date.now() / 1000) + aheadS;
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const body = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ iat: nowS - 86_400, exp: nowS + lifeS, sun: user })}`;
  return `${body}.${createHmac("sha256", key).update(body).digest("base64url")}`;
}

/** A step outlives its slurmd by design: steps of this cluster (they work in its spool), and what they started, are ended with it. */
function endStrays(folder: string): void {
  const within = (path: string) => path.startsWith(`${folder}/`);
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
      const job = environment.some((entry) => entry.startsWith("SLURM_JOB_ID="));
      const ours = environment.some((entry) => entry.startsWith("SLURM_CONF=") && within(entry.slice("SLURM_CONF=".length)));
      const step = readlinkSync(`/proc/${pid}/exe`).endsWith("/slurmstepd");
      if ((job && ours) || (step && holdsOpen(pid, within))) process.kill(Number(pid), "SIGKILL");
    } catch {
      // gone meanwhile, or somebody else's
    }
  }
}

/** A step wipes its environment, and keeps its log and its spool open. */
function holdsOpen(pid: string, within: (path: string) => boolean): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => within(readlinkSync(`/proc/${pid}/fd/${fd}`)));
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Slurm: not in time: ${what}`);
    await sleep(50);
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers: Server[] = [];
  for (let i = 0; i < count; i++) {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    servers.push(server);
  }
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
