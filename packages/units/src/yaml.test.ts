import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { PulmuError } from "./error.ts";
import { checkShape, quantity } from "./yaml-shape.ts";
import { readYaml, readYamlFile } from "./yaml-document.ts";

const Lab = z.strictObject({
  name: z.string(),
  envelope: quantity("power"),
  supply: quantity("temperature", { min: -50, max: 90 }).optional(),
  share: quantity("ratio", { max: 1 }).optional(),
  rows: z.array(z.strictObject({ racks: z.int().positive(), kind: z.enum(["liquid", "air"]).default("liquid") })).default([]),
  demand: z.union([z.strictObject({ gpus: z.int() }), z.strictObject({ share: quantity("ratio") })]).optional(),
  rates: z.union([z.enum(["default", "none"]), z.strictObject({ gpu: z.number() })]).optional(),
  work: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("training"), gpus: z.int() }),
      z.strictObject({ kind: z.literal("inference"), tokens: z.int() }),
    ])
    .optional(),
});

const check = (text: string) => checkShape(Lab, readYaml(text, "lab.yaml"), "site");

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof PulmuError, `expected bad input to be refused, got ${String(error)}`);
    return error.message;
  }
  assert.fail("expected bad input to be refused");
}

test("given a well-formed file, quantities arrive in SI units and defaults are filled in", () => {
  assert.deepEqual(check(`name: lab\nenvelope: 750 kW\nshare: 40 %\nrows:\n  - racks: 8\n`), {
    name: "lab",
    envelope: 750e3,
    share: 0.4,
    rows: [{ racks: 8, kind: "liquid" }],
  });
});

test("given several mistakes, all are told at once, in the order of the lines", () => {
  const text = `name: lab
envelop: 750 kW
supply: 45 kW
rows:
  - racks: 0
    kind: liqid
  - rack: 8
`;
  assert.equal(
    messageOf(() => check(text)),
    [
      `lab.yaml:2: envelop: 750 kW: unknown key "envelop" (did you mean "envelope"?)`,
      `lab.yaml:3: supply: 45 kW: this temperature is a power, not a temperature (one of °C, C; for example "10 C")`,
      `lab.yaml:5: rows[0].racks: 0: too small: expected number to be >0`,
      `lab.yaml:6: rows[0].kind: liqid: must be one of liquid, air (did you mean "liquid"?)`,
      `lab.yaml:7: rows[1].rack: 8: unknown key "rack" (did you mean "racks"?)`,
    ].join("\n"),
  );
});

const refusals: readonly (readonly [string, string, string])[] = [
  [
    "a bare number where a quantity belongs",
    `name: x\nenvelope: 55`,
    `lab.yaml:2: envelope: 55: must be a power with its unit, such as 55 MW, not a number`,
  ],
  ["a negative power", `name: x\nenvelope: -5 MW`, `lab.yaml:2: envelope: -5 MW: must not be negative`],
  ["a share above one", `name: x\nenvelope: 1 W\nshare: 140 %`, `lab.yaml:3: share: 140 %: must be at most 1`],
  ["a list instead of a mapping", `- 1`, `lab.yaml:1: must be a mapping, not a list`],
  [
    "a key unknown to every alternative",
    `name: x\nenvelope: 1 W\ndemand: { gpu: 8 }`,
    `lab.yaml:3: demand.gpu: 8: unknown key "gpu" (did you mean "gpus"?)`,
  ],
  [
    "an unknown kind of a kind-tagged item",
    `name: x\nenvelope: 1 W\nwork: { kind: trainin, gpus: 8 }`,
    `lab.yaml:3: work.kind: trainin: must be one of training, inference (did you mean "training"?)`,
  ],
  [
    "a key of another kind of item",
    `name: x\nenvelope: 1 W\nwork: { kind: training, gpus: 8, tokens: 9 }`,
    `lab.yaml:3: work.tokens: 9: unknown key "tokens" (known here: kind, gpus)`,
  ],
  [
    "a slip in a word that may also be a mapping",
    `name: x\nenvelope: 1 W\nrates: defalt`,
    `lab.yaml:3: rates: defalt: must be one of default, none (did you mean "default"?)`,
  ],
  [
    "a slip in a mapping that may also be a word",
    `name: x\nenvelope: 1 W\nrates: { gpus: 1 }`,
    `lab.yaml:3: rates.gpus: 1: unknown key "gpus" (did you mean "gpu"?)`,
  ],
  [
    "a list where neither belongs",
    `name: x\nenvelope: 1 W\nrates: [1]`,
    `lab.yaml:3: rates: must be "default" or "none" or a mapping, not a list`,
  ],
  ["an empty file", `# nothing\n`, `lab.yaml:1: the file is empty`],
  ["a key given twice", `name: x\nname: y\n`, `lab.yaml:2: Map keys must be unique`],
  [
    "a prototype key",
    `name: x\nenvelope: 1 W\n__proto__: {}`,
    `lab.yaml:3: __proto__: unknown key "__proto__" (known here: name, envelope, supply, share, rows, demand, rates, work)`,
  ],
];

for (const [what, text, message] of refusals) {
  test(`given ${what}, the error names line, path, value and rule`, () => {
    assert.equal(
      messageOf(() => check(text)),
      message,
    );
  });
}

test("given a bracket that stays open, it is one error and not also what follows from it", () => {
  assert.equal(
    messageOf(() => readYaml("a: { b: [1\nc: 2\n", "bad.yaml")),
    "bad.yaml:2: Flow sequence in block collection must be sufficiently indented and end with a ]",
  );
});

test("given broken YAML, every syntax error is told with its line", () => {
  const message = messageOf(() => readYaml(`a: [1, 2\nb: "x\n`, "bad.yaml"));
  assert.match(message, /^bad\.yaml:2: /);
  assert.ok(message.split("\n").length >= 2);
});

test("given an alias bomb, it is refused before it is expanded", () => {
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    "b: &b [*a,*a,*a,*a,*a,*a,*a,*a]",
    "c: &c [*b,*b,*b,*b,*b,*b,*b,*b]",
    "d: [*c,*c,*c,*c,*c,*c]",
  ].join("\n");
  assert.equal(
    messageOf(() => readYaml(bomb, "bomb.yaml")),
    "bomb.yaml: aliases multiply the content more than 100 times",
  );
});

test("given nesting without end, it is refused rather than overflowing the stack", () => {
  assert.match(
    messageOf(() => readYaml("[".repeat(20_000), "deep.yaml")),
    /^deep\.yaml: the content is nested too deeply$/,
  );
});

test("given a file over the size limit, it is refused unread", () => {
  assert.equal(
    messageOf(() => readYaml("a: 1234567890", "big.yaml", { maxBytes: 8 })),
    "big.yaml: the file is larger than 8 bytes",
  );
});

test("given a name without a file or a directory's name, the error says which", () => {
  assert.equal(
    messageOf(() => readYamlFile("no-such.yaml")),
    "no-such.yaml: no such file",
  );
  assert.equal(
    messageOf(() => readYamlFile(".")),
    ".: this is a directory, not a file",
  );
});

test("lineOf answers for keys, list items and things inside an alias", () => {
  const document = readYaml(`base: &base\n  x: 1\nlist:\n  - a\n  - *base\n`, "f.yaml");
  assert.deepEqual(
    [["base"], ["base", "x"], ["list", 0], ["list", 1], ["list", 9], ["nowhere"]].map((path) => document.lineOf(path)),
    [1, 2, 4, 5, 3, 1],
  );
});
