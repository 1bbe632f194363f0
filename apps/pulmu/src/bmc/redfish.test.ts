import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { inspect } from "node:util";
import { loadCatalog } from "@pulmu/catalog";
import { groupActuator, holds, readSecret, redfishActuator, type Actuator, type RedfishOptions } from "@pulmu/power";
import { actuatorSuite, type ActuatorRig } from "@pulmu/power/testing";
import { PulmuError } from "@pulmu/units";
import { EmulatedBmc } from "./emulated-bmc.ts";
import type { Firmware } from "./firmware.ts";
import { serveBmcs } from "./serve-bmcs.ts";
import { busyTray } from "./tray.ts";

const catalog = loadCatalog();
const ROOT = { user: "root", password: "0penBmc-secret" };
/** Quick on a machine where nothing is far away. */
const LIMITS = { requestsPerS: 2000, answerMs: 5000, pauseMs: [1, 4], lookPauseMs: 1 } as const;
const soon = () => AbortSignal.timeout(20_000);
const cap = (gpuCapW: number) => ({ gpuCapW, clockLimit: 1 });

interface Bench {
  readonly bmc: EmulatedBmc;
  readonly actuator: Actuator;
  readonly options: RedfishOptions;
  close(): Promise<void>;
}

/** A BMC of this model, served, and an actuator for it. */
async function bench(profileId: string, firmware: Partial<Firmware> = {}, more: Partial<RedfishOptions> = {}): Promise<Bench> {
  const profile = catalog.bmcs.get(profileId)!;
  const gpu = catalog.accelerators.get(catalog.racks.get(profile.rackTypeIds[0])!.acceleratorId)!;
  const bmc = new EmulatedBmc({
    profile,
    tray: busyTray({ gpus: profile.gpus, minCapW: gpu.minCapW, maxCapW: gpu.tdpW }),
    ...ROOT,
    firmware: { version: profile.minFirmware, ...firmware },
  });
  const server = await serveBmcs(new Map([["tray-1", bmc]]));
  const options: RedfishOptions = {
    id: "tray-1",
    url: server.urlOf("tray-1"),
    profile,
    gpuMinW: gpu.minCapW,
    gpuMaxW: gpu.tdpW,
    trust: "plain-http-on-loopback",
    credentials: async () => ROOT,
    ...more,
    limits: { ...LIMITS, ...more.limits },
  };
  const actuator = redfishActuator(options);
  return {
    bmc,
    actuator,
    options,
    close: async () => {
      await actuator.close();
      await server.close();
    },
  };
}

async function benchFor(t: TestContext, ...args: Parameters<typeof bench>): Promise<Bench> {
  const made = await bench(...args);
  t.after(() => made.close());
  return made;
}

function rigOf({ bmc, actuator, options, close }: Bench): ActuatorRig {
  return {
    actuator,
    gpus: options.profile.gpus,
    minCapW: options.gpuMinW,
    maxCapW: options.gpuMaxW,
    limitsClocks: options.profile.nodeManager === undefined,
    capsW: () => bmc.limits.capsW.map((capW) => Math.round(capW * 10) / 10),
    clockLimits: () => bmc.limits.clockLimits,
    setBehindBack: (capW) => bmc.limits.setBehindBack(capW),
    ignoreWrites: (ignores) => (bmc.faults.ignoresWrites = ignores),
    die: (dead) => (bmc.faults.silent = dead),
    close,
  };
}

for (const [profileId, firmware] of [
  ["dgx-gb300", {}],
  ["dgx-gb200", { gpuNames: "sxm-from-1", controlMode: "absent", persistency: false }],
  ["dgx-b300em", { startsOff: true, readsUntilShown: 1 }],
  ["dgx-vr-nvl72", { precondition: true, controlMode: "read-only" }],
  ["dgx-b200", {}],
  ["dgx-h100", { startsOff: true, precondition: true }],
] as const) {
  const variant = Object.keys(firmware).join(", ");
  actuatorSuite(`${profileId}${variant && ` (${variant})`}`, async () =>
    rigOf(await bench(profileId, firmware, { limits: { answerMs: 700 } })),
  );
}

test("given a limit that stands there and is off, it does not count until it is on", async (t) => {
  const { bmc, actuator } = await benchFor(t, "dgx-gb300", { startsOff: true });
  bmc.limits.setBehindBack(600);
  const before = await actuator.read(soon());
  assert.deepEqual([before.gpuCapW, before.notes[0].code], [1400, "not-in-force"]);
  assert.match(before.notes[0].text, /GPU_0: the limit of 600 W is not in force; it may draw 1400 W/);
  assert.ok(holds(await actuator.write(cap(600), soon()), cap(600)));
});

test("given a control that cannot be turned on, the cap is not said to hold", async (t) => {
  const { actuator } = await benchFor(t, "dgx-gb300", { startsOff: true, controlMode: "read-only" });
  await assert.rejects(
    actuator.write(cap(600), soon()),
    /tray-1: PATCH .*GPU_\d\/EnvironmentMetrics: refuses with 400: ControlMode cannot be written/,
  );
});

test("all requests share one session, and take two of the four places at most", async (t) => {
  const { bmc, actuator } = await benchFor(t, "dgx-gb300");
  bmc.faults.delayMs = 2;
  await Promise.all(Array.from({ length: 6 }, (_, i) => actuator.write(cap(500 + i), soon())));
  assert.equal(bmc.seen.logins, 1);
  assert.ok(bmc.seen.mostAtOnce <= 2, String(bmc.seen.mostAtOnce));
  await actuator.close();
  assert.equal(bmc.sessions, 0);
});

test("given a BMC that forgot its sessions, one login brings all requests on", async (t) => {
  const { bmc, actuator } = await benchFor(t, "dgx-gb300");
  await actuator.write(cap(700), soon());
  bmc.forgetSessions();
  assert.ok(holds(await actuator.write(cap(500), soon()), cap(500)));
  assert.equal(bmc.seen.logins, 2);
});

test("given a wrong password, it is tried once, not until the user is locked out, and never told", async (t) => {
  const { bmc, actuator } = await benchFor(t, "dgx-gb300", {}, { credentials: async () => ({ user: "root", password: "hunter2" }) });
  const error = await actuator.read(soon()).then(
    () => assert.fail("logged in"),
    (refusal: unknown) => refusal as PulmuError,
  );
  assert.match(error.message, /tray-1: it refuses this user or password \(check the secret/);
  await assert.rejects(actuator.read(soon()), /the next try is in \d+ s/);
  assert.equal(bmc.seen.logins, 1);
  for (const text of [inspect(error, { depth: 9 }), inspect(actuator, { depth: 9, showHidden: true })])
    assert.doesNotMatch(text, /hunter2/);
});

test("given a password that was changed, the next login has the new one", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-secret-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "password");
  writeFileSync(file, `${ROOT.password}\n`);
  const credentials = async () => ({
    user: await readSecret("env:BMC_USER", { BMC_USER: "root" }),
    password: await readSecret(`file:${file}`),
  });
  const { bmc, actuator } = await benchFor(t, "dgx-gb300", {}, { credentials, limits: { refusedLoginMs: 0 } });
  await actuator.read(soon());
  bmc.forgetSessions();
  writeFileSync(file, "not yet\n");
  await assert.rejects(actuator.read(soon()), /refuses this user or password/);
  writeFileSync(file, ROOT.password);
  assert.equal((await actuator.read(soon())).gpus, 4);
});

test("given a secret that is not there, or written in place, the error names the place only", async () => {
  await assert.rejects(readSecret("env:NO_SUCH", {}), /env:NO_SUCH: there is no secret here \(export NO_SUCH/);
  await assert.rejects(readSecret("file:/nowhere/secret"), /file:\/nowhere\/secret: there is no secret here/);
  await assert.rejects(readSecret("hunter2"), (error: PulmuError) => !error.message.includes("hunter2"));
});

test("given that others hold all sessions, that is the error, and a freed one is taken", async (t) => {
  const { bmc, actuator } = await benchFor(t, "dgx-gb300");
  bmc.occupy(4);
  await assert.rejects(actuator.read(soon()), (error: PulmuError) => error.code === "actuator.sessions-full");
  bmc.forgetSessions();
  assert.equal((await actuator.read(soon())).gpus, 4);
});

for (const [what, spoil] of [
  ["two closed connections", (bmc: EmulatedBmc) => (bmc.faults.drops = 2)],
  ["two answers of 500", (bmc: EmulatedBmc) => (bmc.faults.failures = 2)],
  ["two answers of 503", (bmc: EmulatedBmc) => Object.assign(bmc.faults, { failures: 2, failureStatus: 503, retryAfterS: 0 })],
  ["a request to slow down", (bmc: EmulatedBmc) => Object.assign(bmc.faults, { failures: 1, failureStatus: 429 })],
] as const) {
  test(`given ${what}, the write comes through`, async (t) => {
    const { bmc, actuator } = await benchFor(t, "dgx-gb300");
    await actuator.read(soon());
    spoil(bmc);
    assert.ok(holds(await actuator.write(cap(640), soon()), cap(640)));
  });
}

test("given a BMC that fails try after try, three tries are all", async (t) => {
  const { bmc, actuator } = await benchFor(t, "dgx-b200");
  await actuator.read(soon());
  const before = bmc.seen.requests;
  bmc.faults.failures = 100;
  await assert.rejects(
    actuator.write(cap(700), soon()),
    /tray-1: PATCH \/redfish\/v1\/Managers\/BMC\/NodeManager\/Domains\/0: answers 500, try after try/,
  );
  assert.equal(bmc.seen.requests - before, 3);
});

test("given a login whose answer is lost, no second one is sent into the places that are left", async (t) => {
  const { bmc, actuator } = await benchFor(t, "dgx-gb300", {}, { limits: { answerMs: 100 } });
  bmc.faults.delayMs = 300;
  await assert.rejects(actuator.read(soon()), (error: PulmuError) => error.code === "actuator.timeout");
  assert.equal(bmc.seen.requests, 1);
});

test("given a power reading that cannot be, it is no reading, and the cap stands", async (t) => {
  const { bmc, actuator } = await benchFor(t, "dgx-gb300");
  for (const readingW of [-1, 1e6]) {
    bmc.faults.readingW = readingW;
    const held = await actuator.read(soon());
    assert.deepEqual([held.gpuPowerW, held.gpuCapW], [undefined, 1400]);
    assert.match(held.notes[0].text, /GPU_0 tells no plausible power/);
  }
});

test("given answers cut off in the middle, they are refused as such", async (t) => {
  const { bmc, actuator } = await benchFor(t, "dgx-gb300");
  await actuator.read(soon());
  bmc.faults.garbles = true;
  await assert.rejects(actuator.read(soon()), (error: PulmuError) => error.code === "actuator.malformed");
});

test("given a BMC that restarts, what was to stand stands, and what was lent is gone", async (t) => {
  const { bmc, actuator } = await benchFor(t, "dgx-gb300");
  await actuator.write(cap(800), soon(), { standing: true });
  await actuator.write(cap(1200), soon());
  bmc.restart();
  assert.equal((await actuator.read(soon())).gpuCapW, 800);
});

test("given firmware that is too old, nothing is written", async (t) => {
  const { bmc, actuator } = await benchFor(t, "dgx-gb200", { version: "GB200Nvl-25.01-A" });
  await assert.rejects(actuator.write(cap(700), soon()), /tray-1: GB200Nvl-25\.01-A: takes power limits from firmware 25\.2\.0 on/);
  assert.equal(bmc.seen.writes, 0);
});

test("given another model than the profile's, it is refused", async (t) => {
  const { options } = await benchFor(t, "dgx-gb300");
  const actuator = redfishActuator({ ...options, profile: { ...options.profile, gpus: 8 } });
  t.after(() => actuator.close());
  await assert.rejects(actuator.read(soon()), /has 4 GPUs, not the 8 of NVIDIA GB300/);
});

test("given a rack with a dead tray, the others are capped and the dead one counts with all it can draw", async (t) => {
  const trays = await Promise.all([1, 2, 3].map(() => benchFor(t, "dgx-gb300", {}, { limits: { tries: 1, answerMs: 200 } })));
  const rack = groupActuator({ id: "rack", parts: trays.map(({ actuator }) => actuator), gpusEach: 4, gpuMaxW: 1400 });
  assert.equal((await rack.write(cap(500), soon())).gpuCapW, 500);
  trays[1].bmc.faults.silent = true;
  const held = await rack.write(cap(800), soon());
  assert.deepEqual([held.gpus, held.gpuCapW, held.gpuPowerW], [12, 1000, undefined]);
  assert.match(held.notes[0].text, /tray-1: no answer in time; it may draw 1400 W a GPU/);
  assert.deepEqual(trays[0].bmc.limits.capsW, [800, 800, 800, 800]);
});

test("given an address that would send secrets in the clear, or carries them, it is refused before anything is sent", async (t) => {
  const { options } = await benchFor(t, "dgx-gb300");
  const refusal = (url: string, trust = options.trust) => {
    try {
      redfishActuator({ ...options, url, trust });
    } catch (error) {
      return (error as Error).message;
    }
    return "nothing";
  };
  assert.match(refusal("http://10.0.0.5"), /http in the clear is for this machine only/);
  assert.match(refusal("http://127.0.0.1", "system"), /must begin with https:\/\//);
  assert.match(refusal("https://root:hunter2@10.0.0.5", "system"), /https:\/\/10\.0\.0\.5: must not carry user and password/);
  assert.match(refusal("bmc-7", "system"), /bmc-7: is not an address/);
  assert.match(refusal("https://10.0.0.5", { certificate: "nonsense" }), /the pinned certificate is not one/);
});

test("over TLS, a BMC is who its authority or its pinned certificate says, or nothing is told to it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-tls-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const made = (name: string, names: string) => {
    const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", `/CN=${name}`];
    execFileSync("openssl", [...args, "-keyout", `${name}.key`, "-out", `${name}.pem`, "-addext", `subjectAltName=${names}`], {
      cwd: folder,
      stdio: "pipe",
    });
    return { cert: readFileSync(join(folder, `${name}.pem`), "utf8"), key: readFileSync(join(folder, `${name}.key`), "utf8") };
  };
  const own = made("own", "IP:127.0.0.1");
  const factory = made("factory", "DNS:bmc.factory"); // as it leaves the factory: self-signed, with another name
  const profile = catalog.bmcs.get("dgx-gb300")!;
  const ask = async (served: typeof own, trust: RedfishOptions["trust"]): Promise<string> => {
    const bmc = new EmulatedBmc({ profile, tray: busyTray({ gpus: 4, minCapW: 200, maxCapW: 1400 }), ...ROOT });
    const server = await serveBmcs(new Map([["b", bmc]]), { tls: served });
    const actuator = redfishActuator({
      id: "b",
      url: server.urlOf("b"),
      profile,
      gpuMinW: 200,
      gpuMaxW: 1400,
      trust,
      credentials: async () => ROOT,
      limits: LIMITS,
    });
    const answer = await actuator.read(soon()).then(
      ({ gpus }) => `${gpus} GPUs`,
      (error: PulmuError) => `${error.code}, ${bmc.seen.requests} requests`,
    );
    await actuator.close();
    await server.close();
    return answer;
  };
  assert.equal(await ask(own, { ca: own.cert }), "4 GPUs");
  assert.equal(await ask(factory, { certificate: factory.cert }), "4 GPUs");
  assert.equal(await ask(own, "system"), "actuator.untrusted, 0 requests");
  assert.equal(await ask(factory, { ca: factory.cert }), "actuator.untrusted, 0 requests"); // right authority, wrong name
  assert.equal(await ask(own, { certificate: factory.cert }), "actuator.untrusted, 0 requests");
});
