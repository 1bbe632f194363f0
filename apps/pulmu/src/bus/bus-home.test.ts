import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { BusHome } from "./bus-home.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-home-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a factory that has kept nothing yet can say where it is found", () => {
  const home = new BusHome(join(folder, ".pulmu", "exchange"));
  const running = { bus: "mqtt://127.0.0.1:1883", api: "http://127.0.0.1:8117", utcOffsetMin: 540, journal: "/srv/pulmu/site.db" };
  assert.equal(home.running(), undefined);
  home.announce(running);
  assert.deepEqual(home.running(), running);
});
