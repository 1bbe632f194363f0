import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { checkFloors } from "./floors.ts";

/** A house of a few files. */
function house(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "pulmu-floors-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const manifest = (...rooms: string[]) =>
  JSON.stringify({ dependencies: Object.fromEntries(rooms.map((room) => [`@pulmu/${room}`, "0.1.0"])) });

test("given planted violations, each is found with its file, line and rule", () => {
  const root = house({
    "packages/site/package.json": manifest("units", "twin"),
    "packages/site/src/up.ts": `import { a } from "@pulmu/units";\nimport { b } from "@pulmu/twin";\n`,
    "packages/ledger/package.json": manifest("govern", "twin"),
    "packages/ledger/src/side.ts": `export { a } from "@pulmu/govern";\nconst b = await import("@pulmu/twin");\n`,
    "packages/units/src/leaving.ts": `import type { A } from "../../site/src/index.ts";\n`,
    "apps/pulmu/package.json": manifest("twin"),
    "apps/console/src/wire.ts": `import type { A } from "pulmu/wire";\nimport { b } from "pulmu/src/cli.ts";\n`,
    "apps/pulmu/src/main.ts": `import { a } from "@pulmu/twin";\nimport { c } from "@pulmu/twin/src/engine/plant.ts";\nimport { d } from "@pulmu/site";\n`,
  });
  try {
    const { violations, filesRead } = checkFloors(root);
    assert.equal(filesRead, 5);
    const expected = [
      /^apps\/console\/src\/wire\.ts:2: .*one door, pulmu\/wire/,
      /^apps\/pulmu\/src\/main\.ts:2: .*only a room's doors/,
      /^apps\/pulmu\/src\/main\.ts:3: .*not among the dependencies/,
      /^packages\/ledger\/src\/side\.ts:1: .*imports go down only/,
      /^packages\/ledger\/src\/side\.ts:2: .*only the planner and the program/,
      /^packages\/site\/src\/up\.ts:2: .*only the planner and the program/,
      /^packages\/units\/src\/leaving\.ts:1: .*leaves the room/,
    ];
    assert.equal(violations.length, expected.length, violations.join("\n"));
    expected.forEach((pattern, i) => assert.match(violations[i], pattern));
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("this house keeps its floors, and the check really read it", () => {
  const { violations, filesRead } = checkFloors(dirname(import.meta.dirname));
  assert.deepEqual(violations, []);
  assert.ok(filesRead > 50, `only ${filesRead} files read`);
});
