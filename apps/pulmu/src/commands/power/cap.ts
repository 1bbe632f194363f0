import { readFileSync } from "node:fs";
import { loadCatalog } from "@pulmu/catalog";
import { holds, nvidiaSmiActuator, readSecret, redfishActuator, type Actuator, type Held, type Trust } from "@pulmu/power";
import { nearest, PulmuError } from "@pulmu/units";
import { EXIT, printJson, type ExitCode } from "../../exit.ts";

export interface DeviceOptions {
  readonly bmc?: string;
  readonly user?: string;
  readonly password?: string;
  readonly ca?: string;
  readonly certificate?: string;
  readonly plainHttp?: boolean;
  readonly json?: boolean;
}

export interface SetOptions extends DeviceOptions {
  readonly clock: number;
  readonly write?: boolean;
}

/** A person waits so long for a BMC, ms. */
const WAIT_MS = 30_000;

/** `pulmu power cap show`. @throws PulmuError for wrong options, and when the device cannot be read */
export async function showCap(address: string | undefined, options: DeviceOptions): Promise<ExitCode> {
  const held = await using(openDevice(address, options, false), (device) => device.read(AbortSignal.timeout(WAIT_MS)));
  print(address, held, options.json);
  return EXIT.ok;
}

/** `pulmu power cap set`. @throws PulmuError for wrong options, and when the device cannot be told or not be read back */
export async function setCap(gpuCapW: number, address: string | undefined, options: SetOptions): Promise<ExitCode> {
  const cap = { gpuCapW, clockLimit: options.clock };
  const device = openDevice(address, options, options.write ?? false);
  const held = await using(device, (each) => each.write(cap, AbortSignal.timeout(WAIT_MS)));
  print(address, held, options.json);
  return holds(held, cap) ? EXIT.ok : EXIT.failed;
}

async function using(device: Actuator, work: (device: Actuator) => Promise<Held>): Promise<Held> {
  try {
    return await work(device);
  } finally {
    await device.close();
  }
}

function openDevice(address: string | undefined, options: DeviceOptions, writes: boolean): Actuator {
  if (address === undefined) return nvidiaSmiActuator({ id: "this machine", writes });
  const { bmc, user, password } = options;
  const catalog = loadCatalog();
  const profile = catalog.bmcs.get(bmc ?? "");
  if (profile === undefined) {
    const near = bmc === undefined ? undefined : nearest(bmc, catalog.bmcs.keys());
    const hint = near === undefined ? `one of ${[...catalog.bmcs.keys()].join(", ")}` : `did you mean "${near}"?`;
    const rule = bmc === undefined ? "which model is it?" : "no such entry among the catalogue's bmcs";
    throw new PulmuError({ code: "power.option", path: "--bmc", rule, hint, ...(bmc !== undefined && { value: bmc }) });
  }
  if (user === undefined || password === undefined) {
    const hint = "name where they are kept: --user env:BMC_USER --password file:PATH";
    throw new PulmuError({ code: "power.option", path: user === undefined ? "--user" : "--password", rule: "a BMC wants a login", hint });
  }
  const gpu = catalog.accelerators.get(catalog.racks.get(profile.rackTypeIds[0])!.acceleratorId)!;
  return redfishActuator({
    id: address,
    url: address,
    profile,
    gpuMinW: gpu.minCapW,
    gpuMaxW: gpu.tdpW,
    trust: trustOf(options),
    credentials: async () => ({ user: await readSecret(user), password: await readSecret(password) }),
  });
}

function trustOf({ ca, certificate, plainHttp }: DeviceOptions): Trust {
  if (plainHttp === true) return "plain-http-on-loopback";
  if (certificate !== undefined) return { certificate: readPem(certificate, "--certificate") };
  return ca === undefined ? "system" : { ca: readPem(ca, "--ca") };
}

function readPem(file: string, option: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new PulmuError({ code: "power.option", path: option, value: file, rule: "cannot be read" });
  }
}

function print(address: string | undefined, held: Held, json: boolean | undefined): void {
  if (json === true) return printJson(held);
  const { gpus, gpuCapW, clockLimit, gpuPowerW, notes } = held;
  const watts = (powerW: number) => `${Number(powerW.toFixed(1))} W a GPU`;
  const lines = [
    `${address ?? "this machine"}: ${gpus} GPUs`,
    `  cap    ${watts(gpuCapW)}`,
    `  clock  ${clockLimit === 1 ? "no limit" : `${(100 * clockLimit).toFixed(0)} % of its maximum`}`,
    `  power  ${gpuPowerW === undefined ? "not told" : watts(gpuPowerW)}`,
    ...notes.map(({ text }) => `  note   ${text}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
