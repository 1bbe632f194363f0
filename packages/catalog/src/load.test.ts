import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { PulmuError } from "@pulmu/units";
import { readYamlFile } from "@pulmu/units/yaml";
import { loadCatalog } from "./load.ts";
import { readOwnFile } from "./own-facts.ts";
import { KINDS } from "./schema.ts";

const catalog = loadCatalog();
const scratch = mkdtempSync(join(tmpdir(), "pulmu-catalog-"));
after(() => rmSync(scratch, { recursive: true }));

/** A directory with these fact files. */
function directory(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(scratch, "facts-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

/** What loading these files is refused with, file names relative to their directory. */
function refusal(files: Readonly<Record<string, string>>): string {
  const path = directory(files);
  try {
    loadCatalog({ extraDirs: [path] });
  } catch (error) {
    assert.ok(error instanceof PulmuError, `expected bad input to be refused, got ${String(error)}`);
    return error.message.replaceAll(`${path}/`, "");
  }
  assert.fail("expected bad input to be refused");
}

const SOURCES = `sources:
  quote: { source: offer of 2026-11, asOf: 2026-11, confidence: vendor }
`;
/** A pump with one line exchanged. */
const pump = (line: string) => `${SOURCES}cooling:
  my-pump:
    from: quote
    name: My pump
    kind: pump
    ${line}
`;

test("the catalogue holds what the sites and studies name", () => {
  const expected: Record<string, readonly string[]> = {
    accelerators: ["h100", "h200", "b200", "b300", "gb200", "gb300", "vr-maxp", "vr-maxq", "mi355x"],
    racks: "hgx-h100 hgx-h200 hgx-b200 hgx-b300 hgx-mi355x gb200-nvl72 gb300-nvl72 vr-nvl72-maxp vr-nvl72-maxq".split(" "),
    models: [
      ..."nemotron-3-nano nemotron-3-super nemotron-3-ultra hyperclova-x-seed-14b hyperclova-x-seed-32b".split(" "),
      ..."llama-3.1-8b llama-3.1-70b llama-3.1-405b deepseek-r1 qwen3-235b".split(" "),
    ],
    electrical: ["transformer-154kv", "transformer-22.9kv", "ups", "busway", "rack-pdu", "switchboard", "substation"],
    cooling: ["cdu-1350kw", "cdu-2mw", "dry-cooler", "adiabatic-cooler", "chiller", "air-handler", "pump"],
    tariffs: "a-ii a-iii b-i b-ii b-iii c-i c-ii c-iii".split(" ").map((option) => `kepco-${option}`),
    grids: ["kr"],
    climates: ["sejong", "seoul"],
    workloads: ["azure-conv", "azure-code", "mooncake-conversation"],
    provisioning: ["vr-maxp-all-in", "vr-maxlps-all-in"],
    bmcs: "dgx-h100 dgx-b200 dgx-b200em dgx-gb200 dgx-b300 dgx-b300em dgx-gb300 dgx-vr-nvl72".split(" "),
  };
  for (const [kind, ids] of Object.entries(expected)) {
    const known = catalog[kind as keyof typeof expected & keyof typeof catalog] as ReadonlyMap<string, unknown>;
    assert.deepEqual(
      ids.filter((id) => !known.has(id)),
      [],
      `${kind} lack entries`,
    );
  }
  assert.equal(catalog.training.size, 15);
});

test("every number of the catalogue says where it comes from", () => {
  const unsourced: string[] = [];
  const visit = (value: unknown, path: string): void => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      for (const [key, child] of Object.entries(value)) visit(child, `${path}/${key}`);
    } else if (typeof value !== "string" && !catalog.provenance.has(path)) unsourced.push(path);
  };
  for (const kind of KINDS) for (const [id, entry] of catalog[kind]) visit(entry, `${kind}/${id}`);
  assert.deepEqual(unsourced, []);
});

test("a fact tells its own source, and one without a better source admits to be a guess", () => {
  assert.deepEqual(catalog.provenance.get("accelerators/gb200/minCapW")?.confidence, "vendor");
  assert.deepEqual(catalog.provenance.get("accelerators/gb300/minCapW")?.confidence, "guess");
  assert.match(catalog.provenance.get("racks/hgx-b200/trayBusyW")!.source, /MLPerf Inference v5\.1/);
});

test("what is loaded cannot be changed", () => {
  const gpu = catalog.accelerators.get("gb300")! as { curves: { decode: { activeW: number } } };
  assert.throws(() => (gpu.curves.decode.activeW = 1), TypeError);
});

test("the quick parser and the strict one read the same from each of the catalogue's own files", () => {
  const data = fileURLToPath(new URL("../data", import.meta.url));
  const files = readdirSync(data, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml"));
  assert.ok(files.length >= 11);
  for (const name of files) assert.deepEqual(readOwnFile(join(data, name)).value, readYamlFile(join(data, name)).value, name);
});

test("given a file with one value of a known entry, that value and its source are replaced and the rest stays", () => {
  const extended = loadCatalog({
    extraDirs: [
      directory({ "prices.yaml": `${SOURCES}racks:\n  gb300-nvl72:\n    from: quote\n    priceUsd: { low: 3200000, high: 3300000 }\n` }),
    ],
  });
  const rack = extended.racks.get("gb300-nvl72")!;
  assert.deepEqual(rack, { ...catalog.racks.get("gb300-nvl72"), priceUsd: { low: 3_200_000, high: 3_300_000 } });
  assert.equal(extended.provenance.get("racks/gb300-nvl72/priceUsd/low")?.source, "offer of 2026-11");
  assert.deepEqual(extended.provenance.get("racks/gb300-nvl72/nameplateW"), catalog.provenance.get("racks/gb300-nvl72/nameplateW"));
});

test("given a new entry that extends another, it has all that it does not say itself", () => {
  const text = `${SOURCES}accelerators:\n  gb300-lab:\n    extends: gb300\n    from: { idleW: quote }\n    idleW: 0.18 kW\n`;
  const { accelerators } = loadCatalog({ extraDirs: [directory({ "deep/below/lab.yml": text })] });
  assert.deepEqual(accelerators.get("gb300-lab"), { ...accelerators.get("gb300"), id: "gb300-lab", idleW: 180 });
});

test("given a changed entry and one that extends it in the same directory, the second has the change", () => {
  const text = `${SOURCES}racks:\n  mine: { extends: gb300-nvl72 }\n  gb300-nvl72: { from: quote, shutdownInletC: 60 °C }\n`;
  const mine = loadCatalog({ extraDirs: [directory({ "lab.yaml": text })] }).racks.get("mine")!;
  assert.deepEqual([mine.shutdownInletC, mine.nameplateW], [60, 140e3]);
});

test("given a changed entry, entries that extend it in another directory stay as they were", () => {
  const text = `${SOURCES}racks:\n  gb300-nvl72: { from: quote, shutdownInletC: 60 °C }\n`;
  const { racks } = loadCatalog({ extraDirs: [directory({ "lab.yaml": text })] });
  assert.equal(racks.get("gb300-nvl72")!.shutdownInletC, 60);
  assert.equal(racks.get("vr-nvl72-maxp")!.shutdownInletC, 55);
});

test("the example of the guide loads as it stands", () => {
  const guide = readFileSync(fileURLToPath(new URL("../../../docs/guides/catalogue.md", import.meta.url)), "utf8");
  const example = /```yaml\n([\s\S]*?)```/.exec(guide)![1].replace(/^ {3}/gm, "");
  const { accelerators, racks } = loadCatalog({ extraDirs: [directory({ "x100.yaml": example })] });
  assert.equal(accelerators.get("x100")!.tdpW, 1100);
  assert.equal(racks.get("x100-rack")!.nameplateW, 62e3);
});

test("given two directories, the later one wins", () => {
  const at = (powerShare: string) => directory({ "pump.yaml": pump(`powerShare: ${powerShare}`) });
  const { cooling } = loadCatalog({ extraDirs: [at("1 %"), at("2 %")] });
  assert.equal((cooling.get("my-pump") as { powerShare: number }).powerShare, 0.02);
});

const refusals: readonly (readonly [what: string, text: string, message: string])[] = [
  ["a negative value", pump("powerShare: -0.01"), "facts.yaml:8: cooling.my-pump.powerShare: -0.01: must not be negative"],
  [
    "an unknown key",
    pump("powerShaer: 0.01"),
    `facts.yaml:8: cooling.my-pump.powerShaer: 0.01: unknown key "powerShaer" (did you mean "powerShare"?)`,
  ],
  [
    "a unit of another kind",
    `${SOURCES}accelerators:\n  gb300:\n    from: quote\n    tdpW: 1.4 kV\n`,
    `facts.yaml:6: accelerators.gb300.tdpW: 1.4 kV: this power is a voltage, not a power (one of W, kW, MW, GW; for example "10 kW")`,
  ],
  [
    "a power without a unit",
    `${SOURCES}accelerators:\n  gb300:\n    from: quote\n    tdpW: 1400\n`,
    "facts.yaml:6: accelerators.gb300.tdpW: 1400: must be a power with its unit, such as 55 MW, not a number",
  ],
  [
    "a value without a source",
    `${SOURCES}accelerators:\n  gb300:\n    tdpW: 1400 W\n`,
    "facts.yaml:5: accelerators.gb300.tdpW: 1400 W: this value has no source (put `from: NAME` on the entry, or write { value: …, from: NAME })",
  ],
  [
    "a source that the file does not have",
    `${SOURCES}accelerators:\n  gb300:\n    from: qoute\n    tdpW: 1400 W\n`,
    'facts.yaml:5: accelerators.gb300.from: qoute: no source of this name in the file\'s `sources` (did you mean "quote"?)',
  ],
  [
    "a source for a field that is not there",
    `${SOURCES}accelerators:\n  gb300:\n    from: { rest: quote, tdp: quote }\n    tdpW: 1400 W\n`,
    'facts.yaml:5: accelerators.gb300.from.tdp: quote: no field of this name below (did you mean "tdpW"?)',
  ],
  [
    "a source without a date",
    "sources:\n  quote: { source: offer, asOf: lately, confidence: vendor }\n",
    "facts.yaml:2: sources.quote.asOf: lately: must be a date such as 2026-11 or 2026-11-24",
  ],
  [
    "a confidence that does not exist",
    "sources:\n  quote: { source: offer, asOf: 2026-11, confidence: gues }\n",
    'facts.yaml:2: sources.quote.confidence: gues: must be one of measured, vendor, press, derived, guess (did you mean "guess"?)',
  ],
  [
    "an unknown kind of entries",
    `${SOURCES}accelerator:\n  x: { from: quote }\n`,
    'facts.yaml:3: accelerator: unknown key "accelerator" (did you mean "accelerators"?)',
  ],
  [
    "an unknown kind of part",
    pump("powerShare: 1 %").replace("kind: pump", "kind: pmup"),
    'facts.yaml:7: cooling.my-pump.kind: pmup: must be one of cdu, dry-cooler, adiabatic-cooler, chiller, air-handler, pump (did you mean "pump"?)',
  ],
  [
    "a year of eleven months",
    `${SOURCES}grids:\n  kr:\n    from: quote\n    carbonGPerKWhByMonth: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]\n`,
    "facts.yaml:6: grids.kr.carbonGPerKWhByMonth: needs 12 values, January first",
  ],
  [
    "a shape of the day that changes the mean",
    `${SOURCES}workloads:\n  azure-conv:\n    from: quote\n    shapeByHour: [${Array.from({ length: 24 }, () => 2).join(", ")}]\n`,
    "facts.yaml:6: workloads.azure-conv.shapeByHour: must have a mean of 1, not 2",
  ],
  [
    "an hour in two bands",
    `${SOURCES}tariffs:\n  kepco-b-iii:\n    from: quote\n    sundayBands: { winter: "light 0-24, peak 9-12" }\n`,
    "facts.yaml:6: tariffs.kepco-b-iii.sundayBands.winter: light 0-24, peak 9-12: hour 9 has two bands (write light 22-8, mid 8-15, peak 15-22)",
  ],
  [
    "a share above one",
    `${SOURCES}racks:\n  gb300-nvl72:\n    from: quote\n    liquidShare: 101 %\n`,
    "facts.yaml:6: racks.gb300-nvl72.liquidShare: 101 %: must be at most 1",
  ],
  [
    "an idle power above the lowest cap",
    `${SOURCES}accelerators:\n  gb300:\n    from: quote\n    idleW: 210 W\n`,
    "facts.yaml:6: accelerators.gb300.idleW: 210 W: must not be above minCapW, 200 W",
  ],
  [
    "a curve above the power limit",
    `${SOURCES}accelerators:\n  gb300:\n    from: quote\n    curves: { decode: { activeW: { value: 1.5 kW, from: quote } } }\n`,
    "facts.yaml:6: accelerators.gb300.curves.decode.activeW.value: 1.5 kW: must not be above tdpW, 1400 W",
  ],
  [
    "a nameplate below what the rack can draw",
    `${SOURCES}racks:\n  gb300-nvl72:\n    from: quote\n    nameplateW: 120 kW\n`,
    "facts.yaml:6: racks.gb300-nvl72.nameplateW: 120 kW: must not be below 121500 W (GPUs × tdpW + trays × trayBusyW + rackOverheadW)",
  ],
  [
    "an NVLink domain that does not divide the rack",
    `${SOURCES}racks:\n  gb300-nvl72:\n    from: quote\n    scaleUpDomainGpus: 70\n`,
    "facts.yaml:6: racks.gb300-nvl72.scaleUpDomainGpus: 70: must divide the rack's 72 GPUs (trays × gpusPerTray)",
  ],
  [
    "a reference to nothing",
    `${SOURCES}racks:\n  gb300-nvl72:\n    from: quote\n    acceleratorId: gb3000\n`,
    'facts.yaml:6: racks.gb300-nvl72.acceleratorId: gb3000: no such entry in the catalogue (did you mean "gb300"?)',
  ],
  [
    "an entry that extends nothing",
    `${SOURCES}racks:\n  mine:\n    extends: gb300-nvl27\n`,
    'facts.yaml:5: racks.mine.extends: gb300-nvl27: no such entry to extend (did you mean "gb300-nvl72"?)',
  ],
  [
    "entries that extend each other",
    `${SOURCES}racks:\n  one: { extends: two }\n  two: { extends: one }\n`,
    `facts.yaml:4: racks.one.extends: two: these entries extend each other in a circle
facts.yaml:5: racks.two.extends: one: these entries extend each other in a circle`,
  ],
  [
    "broken YAML",
    "racks:\n  mine: [1,\n",
    "facts.yaml:3: Flow sequence in block collection must be sufficiently indented and end with a ]",
  ],
];

for (const [what, text, message] of refusals) {
  test(`given ${what}, the error names file, line, path, value and rule`, () => {
    assert.equal(refusal({ "facts.yaml": text }), message);
  });
}

test("given mistakes in several files, all are told at once", () => {
  assert.equal(
    refusal({ "a.yaml": pump("powerShare: 2"), "b.yaml": `${SOURCES}racks:\n  gb300-nvl72:\n    from: quote\n    trays: 1.5\n` }),
    `a.yaml:8: cooling.my-pump.powerShare: 2: must be at most 1
b.yaml:6: racks.gb300-nvl72.trays: 1.5: must be a whole number, not a number`,
  );
});

test("given one id twice in a directory, the second is refused", () => {
  assert.equal(
    refusal({ "a.yaml": pump("powerShare: 1 %"), "b.yaml": pump("powerShare: 2 %") }),
    "b.yaml:4: cooling.my-pump: this id stands twice in the same directory",
  );
});

test("given a directory that is not there, the error names it", () => {
  assert.throws(() => loadCatalog({ extraDirs: ["no/such/place"] }), { message: "no/such/place: no such file" });
});

test("a BMC profile whose path is none, or whose GPUs are not those of its racks' trays, is refused", () => {
  const text = `${SOURCES}bmcs:
  mine:
    extends: dgx-gb300
    from: quote
    gpus: 8
    firmwarePath: /FW_BMC_0
`;
  assert.match(refusal({ "bmc.yaml": text }), /bmc\.yaml:8: bmcs\.mine\.firmwarePath: \/FW_BMC_0: must be a path below \/redfish\/v1\//);
  const shaped = text.replace(": /FW", ": /redfish/v1/FW");
  assert.match(refusal({ "bmc.yaml": shaped }), /bmc\.yaml:7: bmcs\.mine\.gpus: 8: must be the GPUs of a tray of gb300-nvl72, 4/);
});
