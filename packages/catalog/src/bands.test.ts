import assert from "node:assert/strict";
import { test } from "node:test";
import { bandsByHour } from "./bands.ts";

test("a span may run over midnight", () => {
  const bands = bandsByHour("light 22-8, mid 8-22") as readonly string[];
  assert.deepEqual([bands[21], bands[22], bands[0], bands[7], bands[8]], ["mid", "light", "light", "light", "mid"]);
});

const refused: readonly (readonly [string, string])[] = [
  ["light 22-8, mid 9-22", "hour 8 has no band"],
  ["light 0-12, mid 11-24", "hour 11 has two bands"],
  ["light 0-25", `"light 0-25" has an hour above 24`],
  ["cheap 0-24", `"cheap 0-24" is not a band (light, mid, peak) and its hours`],
];
for (const [text, rule] of refused) {
  test(`"${text}" is refused: ${rule}`, () => assert.equal(bandsByHour(text), rule));
}
