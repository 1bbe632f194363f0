import assert from "node:assert/strict";
import { test } from "node:test";
import { combinations, fill } from "./template.ts";

const all = (id: string) => combinations(id).map((bindings) => fill(id, bindings));

test("an id without braces names one thing", () => {
  assert.deepEqual(all("main"), ["main"]);
});

test("a generator makes every combination, the last variable fastest", () => {
  assert.deepEqual(all("h{h=1..2}-{s=a,b}"), ["h1-a", "h1-b", "h2-a", "h2-b"]);
});

test("a range keeps the zeros of its first number", () => {
  assert.deepEqual(all("r{r=08..11}"), ["r08", "r09", "r10", "r11"]);
});

test("another text uses the variables of the id, alone or in groups counted from 1", () => {
  const sets = combinations("h{h=1..9}");
  assert.deepEqual(
    sets.map((bindings) => fill("sub{h/4}", bindings)),
    ["sub1", "sub1", "sub1", "sub1", "sub2", "sub2", "sub2", "sub2", "sub3"],
  );
});

test("a variable that is filled in later stays as it stands", () => {
  assert.equal(fill("h{h}-bus{row}", new Map([["h", "3"]]), ["row"]), "h3-bus{row}");
});

for (const [id, rule] of [
  ["x{a=1..2}{a=1..2}", /declares \{a\} twice/],
  ["x{a=}", /cannot read/],
  ["x{a=1...3}", /cannot read the values/],
  ["x{a=b,,c}", /cannot read the values/],
  ["x{a=1..999999}{b=1..999999}", /more than 100000/],
  ["x}", /brace without its partner/],
  ["x{s=a,b}{s/2}", /groups numbers/],
] as const) {
  test(`the id ${id} is refused`, () => {
    assert.throws(() => all(id), rule);
  });
}
