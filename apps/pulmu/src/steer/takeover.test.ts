import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { skipWithout, startTestBroker, type TestBroker } from "@pulmu/exchange/testing";

import { openStore, readTrace } from "@pulmu/journal";
import { onBothDatabases } from "@pulmu/journal/testing";
import type { BmcSums } from "../bmc/bmc-house.ts";
import type { FactoryState } from "../live/state.ts";
import { PulmuProcess, runPulmu } from "../testing/run-pulmu.ts";
import type { GridEvent } from "./grid-event.ts";
import type { SteeringState } from "./steering-state.ts";

const LIMIT_W = 620e3;
/** A revenue meter's own error. */
const SHOWN_W = LIMIT_W * 1.002;

async function get<T>(url: string, path: string): Promise<T> {
  return (await (await fetch(url + path)).json()) as T;
}

/** Asks again until the answer will do; gives up in the end, so that what comes after is not waited for in vain. */
async function until<T>(ask: () => Promise<T>, willDo: (answer: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const answer = await ask();
    if (willDo(answer)) return answer;
    if (tries === 600) throw new Error(`still ${JSON.stringify(answer).slice(0, 2000)}`);
    await sleep(200);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Operator {
  readonly process: PulmuProcess;
  readonly url: string;
}

if (skipWithout("mosquitto") === false)
  onBothDatabases("two operators of one site, over Mosquitto and Redfish", (database) => {
    const folder = mkdtempSync(join(tmpdir(), "pulmu-takeover-"));
    const home = ["--bus-home", folder];
    let broker: TestBroker;
    let site: PulmuProcess;
    let siteUrl = "";
    let db = "";
    let leader: Operator;
    let other: Operator;

    const steering = ({ url }: Operator) => get<SteeringState>(url, "/api/steering");
    const drawnW = async () => (await get<FactoryState>(siteUrl, "/api/state")).sitePowerW;
    const events = ({ url }: Operator) => get<readonly GridEvent[]>(url, "/api/grid/events");

    before(async () => {
      broker = await startTestBroker("mosquitto");
      db = await database.address();
      const bmcPort = await freePort();
      const accessFile = join(folder, "bmcs.yaml");
      const pattern = `http://127.0.0.1:${bmcPort}/{rack}/tray-{tray}`;
      writeFileSync(accessFile, `url: "${pattern}"\nuser: file:bmc-user\npassword: file:bmc-password\nplainHttp: true\n`);
      const common = ["up", "--site", "sites/lab.yaml", "--bus", broker.address, "--port", "0", "--no-gateway", "--no-ui", ...home];
      // First those who listen: a BMS tells everything when it starts, and then only what changes.
      const operators = [0, 1].map(() => new PulmuProcess([...common, "--role", "operator", "--db", db, "--bmcs", accessFile]));
      await sleep(4_000);
      site = new PulmuProcess([...common, "--role", "site", "--no-db", "--serve-bmcs", String(bmcPort)]);
      [, siteUrl] = await site.printed(/^Pulmu serves (http:\S+):/m);
      const [one, two] = await Promise.all(
        operators.map(async (process): Promise<Operator> => {
          const [, url] = await process.printed(/^Pulmu serves (http:\S+):/m);
          await process.printed(/^Bus: /m);
          return { process, url };
        }),
      );
      [leader, other] = (await steering(one)).leads ? [one, two] : [two, one];
    });
    after(async () => {
      for (const process of [site, leader?.process, other?.process]) process?.child.kill("SIGINT");
      await Promise.all([site?.end(), other?.process.end()]);
      await broker?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    test("one steers, the other stands by and says so", async () => {
      assert.deepEqual([(await steering(leader)).leads, (await steering(other)).leads], [true, false]);
      assert.match(other.process.stdout, /^Steering: stands by, another pulmu leads$/m);
      await until(
        () => steering(leader),
        ({ devices, writes }) => devices.silent.length === 0 && writes.count > 0,
      );
      assert.equal((await steering(other)).writes.count, 0);
    });

    test("the one that steers is killed within a load target: the other follows, and the plant never shows it", async () => {
      await runPulmu("grid", "target", "620kW", "--for", "20min", "--bus", broker.address, ...home); // a busy machine may confirm it late
      await until(
        () => events(leader),
        ([event]) => event?.state === "held",
      );
      leader.process.child.kill("SIGKILL");
      let mostW = 0;
      const watched = async () => {
        mostW = Math.max(mostW, await drawnW());
        return steering(other);
      };
      await until(watched, ({ leads }) => leads);
      await until(watched, ({ writes }) => writes.count > 0);
      for (let i = 0; i < 50; i++, await sleep(200)) await watched(); // the keeper that began anew has let go of what nobody renewed
      assert.ok(mostW <= SHOWN_W, `${mostW} W of ${LIMIT_W} W`);
      const { envelope, devices } = await steering(other);
      assert.deepEqual([envelope[0].goalW, envelope[0].limitW, devices.silent], [LIMIT_W, LIMIT_W, []]);
    });

    test("BMCs were never asked more than two things at once, and had a place left for others", async () => {
      const { bmcs, mostSessions, mostAtOnce } = await get<BmcSums>(siteUrl, "/api/bmcs");
      assert.equal(bmcs, 144);
      // The one that was killed could not log out; and a busy machine may lose the answer to a login.
      assert.ok(mostSessions < 4 && mostAtOnce <= 2, `${mostSessions} sessions, ${mostAtOnce} at once`);
    });

    test("the chain tells who did what: the one that took it, and the one that went on with it", async () => {
      await runPulmu("grid", "clear", "--bus", broker.address, ...home);
      const [{ trace }] = await until(
        () => events(other),
        ([event]) => event?.state === "over",
      );
      const store = await openStore(db);
      try {
        const kinds = async () => (await readTrace(store, trace, 100)).map(({ kind }) => kind);
        const told = await until(kinds, (list) => list.includes("power.target.ended"));
        assert.deepEqual(told.slice(0, 2), ["grid.target.taken", "power.target.allocated"]);
        assert.ok(told.indexOf("power.target.resumed") > 1, told.join());
      } finally {
        await store.close();
      }
    });
  });
else test("two operators of one site", { skip: skipWithout("mosquitto") }, () => {});
