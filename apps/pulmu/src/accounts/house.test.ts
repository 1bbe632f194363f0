import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { SYSTEM } from "@pulmu/govern";
import { BusHome } from "../bus/bus-home.ts";
import { accountsElsewhere, type HouseOptions, openHouse } from "./house.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-house-"));
before(() => {
  delete process.env["PULMU_DATABASE"];
  process.chdir(folder);
});
after(() => {
  process.chdir(tmpdir());
  rmSync(folder, { recursive: true, force: true });
});

const sejong = { id: "gak-sejong", utcOffsetMin: 540 };
const lab = { id: "lab", utcOffsetMin: -480 };

/** Opens a house, and tells where it is and what time it keeps. */
async function look(options: HouseOptions): Promise<readonly [place: string, utcOffsetMin: number, isNew: boolean]> {
  const house = await openHouse(options);
  const isNew = (await house.identity.bootstrap(SYSTEM)) !== undefined;
  await house.close();
  return [house.store.place, house.calendar.utcOffsetMin, isNew];
}

test("a working folder is the first site's, what commands made before included; another site, and what is only played, have folders of their own below", async () => {
  assert.deepEqual(await look({}), [".pulmu/pulmu.db", 540, true]);
  assert.deepEqual(await look({ site: lab }), [".pulmu/pulmu.db", -480, false]);
  assert.deepEqual(await look({ site: sejong }), [".pulmu/gak-sejong/pulmu.db", 540, true]);
  assert.deepEqual(await look({ site: lab }), [".pulmu/pulmu.db", -480, false]);
  assert.deepEqual(await look({}), [".pulmu/pulmu.db", -480, false]);
  assert.deepEqual(await look({ site: sejong, study: true }), [".pulmu/gak-sejong-study/pulmu.db", 540, true]);
  assert.deepEqual(await look({ site: sejong, db: "named.db" }), ["named.db", 540, true]);
});

test("who asks the first site's accounts is told where those of the site that ran last are", () => {
  assert.equal(accountsElsewhere(".pulmu/pulmu.db"), undefined);
  const running = { bus: "mqtt://127.0.0.1:1883", api: "http://127.0.0.1:8117", utcOffsetMin: 540 };
  new BusHome(".pulmu/exchange").announce({ ...running, journal: ".pulmu/lab/pulmu.db" });
  assert.equal(accountsElsewhere(".pulmu/pulmu.db"), ".pulmu/lab/pulmu.db");
  assert.equal(accountsElsewhere(".pulmu/lab/pulmu.db"), undefined);
  new BusHome(".pulmu/exchange").announce({ ...running, journal: resolve(".pulmu/lab/pulmu.db") });
  assert.equal(accountsElsewhere(".pulmu/lab/pulmu.db"), undefined, "the same place, said in full");
});
