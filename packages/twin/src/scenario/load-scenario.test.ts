import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite, parseSite } from "@pulmu/site";
import { PulmuError } from "@pulmu/units";
import { defaultFaultRates, noFaultRates } from "./fault-rates.ts";
import { loadScenario, parseScenario, type LoadedScenario, type ScenarioOptions } from "./load-scenario.ts";
import { scenarioJsonSchema } from "./schema.ts";

const root = join(import.meta.dirname, "../../../..");
const catalog = loadCatalog();
const LAB = readFileSync(join(root, "sites/lab.yaml"), "utf8").replace("Etc/GMT+8", "Asia/Seoul");
const lab = parseSite(LAB, "sites/lab.yaml", { catalog });
const options: ScenarioOptions = { openSite: () => lab };

const HEAD = `pulmu: scenario/v1
name: test
site: lab
start: 2027-08-11T00:00
duration: 24 h
`;
const parse = (text: string, given: ScenarioOptions = options): LoadedScenario => parseScenario(text, "scenarios/t.yaml", given);

function refusal(work: () => unknown): PulmuError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof PulmuError, `expected bad input to be refused, got ${String(error)}`);
    return error;
  }
  assert.fail("expected bad input to be refused");
}

test("a scenario of the fewest words plays the fitted workloads with the usual faults", () => {
  const { scenario, site } = parse(HEAD);
  assert.equal(site, lab);
  assert.deepEqual(scenario, {
    name: "test",
    siteFile: "sites/lab.yaml",
    phaseId: "whole",
    startMs: Date.parse("2027-08-10T15:00Z"), // midnight in Korea
    durationS: 86_400,
    seed: 1,
    traces: [],
    faultRates: defaultFaultRates,
    faults: [],
    loadTargets: [],
    bessHoldW: Infinity,
  });
});

test("every part of a scenario arrives in seconds and watts", () => {
  const { scenario } = parse(`${HEAD}seed: 7
traces:
  "*": { file: a/conv.csv.gz, shapeByHour: true }
  steady: { file: /data/x.jsonl, format: mooncake, scale: 800, repeat: once }
faults:
  rates: { gpu: { mtbf: 1000 h, repair: 90 min }, feed: none }
  script:
    - { at: "14:00", kind: gpu, target: lab/r01/01, repair: 2 h, count: 8 }
    - { at: 90 min, kind: feed, target: utility, repair: 10 s }
loadTargets:
  - { from: "22:30", until: "01:00", limit: 600 kW }
  - { from: 2027-08-11T06:00, until: 2027-08-10T22:00Z, feed: utility, limit: 0.5 MW }
`);
  assert.deepEqual(scenario.traces, [
    {
      workload: "*",
      format: undefined,
      file: "a/conv.csv.gz",
      besideScenario: "scenarios/a/conv.csv.gz",
      scale: undefined,
      repeat: "loop",
      shapeByHour: true,
    },
    {
      workload: "steady",
      format: "mooncake",
      file: "/data/x.jsonl",
      besideScenario: "/data/x.jsonl",
      scale: 800,
      repeat: "once",
      shapeByHour: false,
    },
  ]);
  assert.deepEqual(scenario.faultRates, { ...defaultFaultRates, gpu: { mtbfH: 1000, repairH: 1.5 }, feed: { mtbfH: 0, repairH: 0 } });
  assert.deepEqual(scenario.faults, [
    { atS: 14 * 3600, kind: "gpu", target: "lab/r01/01", repairS: 7200, count: 8 },
    { atS: 5400, kind: "feed", target: "utility", repairS: 10, count: 1 },
  ]);
  assert.deepEqual(scenario.loadTargets, [
    { fromS: 22.5 * 3600, untilS: 25 * 3600, feedTag: undefined, limitW: 600e3 }, // over midnight
    { fromS: 6 * 3600, untilS: 7 * 3600, feedTag: "utility", limitW: 500e3 }, // 22:00 UTC is 07:00 there
  ]);
  assert.equal(scenario.seed, 7);
});

test("given a start in the afternoon, a clock time before it is tomorrow's", () => {
  const { scenario } = parse(
    `${HEAD.replace("T00:00", "T14:00")}faults:\n  rates: none\n  script: [{ at: "13:00", kind: rack, target: lab/r01/01, repair: 1 h }]\n`,
  );
  assert.equal(scenario.faults[0].atS, 23 * 3600);
  assert.equal(scenario.faultRates, noFaultRates);
});

test("what the user asks for stands before what the file says", () => {
  const opened: (string | undefined)[] = [];
  const openSite = (file: string, phase: string | undefined) => {
    opened.push(file, phase);
    return lab;
  };
  const { scenario } = parse(HEAD, { openSite, siteFile: "mine.yaml", phase: "whole", seed: 9, durationS: 60 });
  assert.deepEqual(opened, ["mine.yaml", "whole"]);
  assert.deepEqual([scenario.siteFile, scenario.seed, scenario.durationS], ["mine.yaml", 9, 60]);
});

test("a site is a path from the scenario file, or a bare name of the collection beside it", () => {
  const fileFor = (site: string) => parse(HEAD.replace("site: lab", `site: ${site}`)).scenario.siteFile;
  assert.deepEqual(["gak", "../other/x.yaml", "y.yml", "/z/s.yaml"].map(fileFor), [
    "sites/gak.yaml",
    "other/x.yaml",
    "scenarios/y.yml",
    "/z/s.yaml",
  ]);
});

test("given many slips, all are told at once, in the order of the lines", () => {
  const text = `pulmu: scenario/v1
nam: test
site: lab
start: 2027-02-30
duration: 24
traces:
  "*": { fil: x.csv, format: azur, scale: -1 }
faults:
  rates: { gpus: none }
  script:
    - { at: noon, kind: gpux, target: a, repair: -1 h }
loadTargets:
  - { from: "25:00", until: "26:00", limit: 45 kWh }
bess: { hold: 54 }
`;
  assert.equal(
    refusal(() => parse(text)).message,
    [
      `scenarios/t.yaml:2: nam: test: unknown key "nam" (did you mean "name"?)`,
      `scenarios/t.yaml:4: start: 2027-02-30: not a date and time (write 2027-08-11T06:00 (local time of the site) or 2027-08-10T21:00Z)`,
      `scenarios/t.yaml:5: duration: 24: must be a duration with its unit, such as 5 min, not a number`,
      `scenarios/t.yaml:7: traces.*.format: azur: must be one of azure, mooncake, splitwise (did you mean "azure"?)`,
      `scenarios/t.yaml:7: traces.*.scale: -1: too small: expected number to be >0`,
      `scenarios/t.yaml:7: traces.*.fil: x.csv: unknown key "fil" (did you mean "file"?)`,
      `scenarios/t.yaml:9: faults.rates.gpus: none: unknown key "gpus" (did you mean "gpu"?)`,
      `scenarios/t.yaml:11: faults.script[0].at: noon: not a time of the run (write "14:00" (local clock), "6 h" (after the start) or "2027-08-11T14:00")`,
      `scenarios/t.yaml:11: faults.script[0].kind: gpux: must be one of gpu, tray, rack, cdu, pump, cooler, power-node, feed, network, sensor (did you mean "gpu"?)`,
      `scenarios/t.yaml:11: faults.script[0].repair: -1 h: must not be negative`,
      `scenarios/t.yaml:13: loadTargets[0].from: 25:00: not a time of the run (write "14:00" (local clock), "6 h" (after the start) or "2027-08-11T14:00")`,
      `scenarios/t.yaml:13: loadTargets[0].until: 26:00: not a time of the run (write "14:00" (local clock), "6 h" (after the start) or "2027-08-11T14:00")`,
      `scenarios/t.yaml:13: loadTargets[0].limit: 45 kWh: this power is an energy, not a power (one of W, kW, MW, GW; for example "10 kW")`,
      `scenarios/t.yaml:14: bess.hold: 54: must be a power with its unit, such as 55 MW, not a number`,
    ].join("\n"),
  );
});

test("given names that the site does not have, and times outside the run, all are told at once", () => {
  const text = `${HEAD}traces:
  stedy: { file: x.csv }
  swinging: { file: x.csv }
faults:
  script:
    - { at: 1 h, kind: rack, target: lab/r01/1, repair: 1 h }
    - { at: 1 h, kind: cdu, target: cdus, repair: 1 h, count: 3 }
    - { at: 25 h, kind: feed, target: utilty, repair: 1 h }
    - { at: 2027-08-10T23:00, kind: power-node, target: utility, repair: 1 h }
loadTargets:
  - { from: 5 h, until: 4 h, feed: main, limit: 600 kW }
bess: { hold: 700 kW }
`;
  assert.equal(
    refusal(() => parse(text)).message,
    [
      `scenarios/t.yaml:7: traces.stedy: the site has no inference workload "stedy" (did you mean "steady"?)`,
      `scenarios/t.yaml:8: traces.swinging: the site has no inference workload "swinging" (known: steady)`,
      `scenarios/t.yaml:11: faults.script[0].target: lab/r01/1: the site has no rack "lab/r01/1" (did you mean "lab/r01/01"?)`,
      `scenarios/t.yaml:12: faults.script[1].count: 3: cdus has only 2 that can fail this way`,
      `scenarios/t.yaml:13: faults.script[2].target: utilty: the site has no feed "utilty" (did you mean "utility"?)`,
      `scenarios/t.yaml:13: faults.script[2].at: 25 h: this is after the end of the run (the run lasts 86400 s)`,
      `scenarios/t.yaml:14: faults.script[3].target: utility: the site has no power node "utility" (known: switchboard, pdu1, pdu2, pdu3, pdu4)`,
      `scenarios/t.yaml:14: faults.script[3].at: 2027-08-10T23:00: this is before the start of the run (the run lasts 86400 s)`,
      `scenarios/t.yaml:16: loadTargets[0].feed: main: the site has no feed "main" (known: utility, house)`,
      `scenarios/t.yaml:16: loadTargets[0].until: 4 h: a load target ends after it begins, at 18000 s`,
      `scenarios/t.yaml:17: bess: the site has no battery in this phase`,
    ].join("\n"),
  );
});

test("given a site or a phase that is not there, the error stands at the scenario's line", () => {
  const openSite: ScenarioOptions["openSite"] = (file, phase) => loadSite(join(root, file), { catalog, phase });
  const missing = refusal(() =>
    parseScenario(HEAD.replace("site: lab", "site: labb"), "scenarios/t.yaml", {
      openSite: (file) => {
        throw new PulmuError({ code: "file.missing", file, rule: "no such file" });
      },
    }),
  );
  assert.match(missing.message, /^scenarios\/t\.yaml:3: site: labb: there is no site file sites\/labb\.yaml/);
  const phase = refusal(() => parse(`${HEAD}phase: hole\n`, { openSite }));
  assert.equal(phase.message, `scenarios/t.yaml:6: phase: hole: sites/lab.yaml has no such phase (did you mean "whole"?)`);
});

test("given broken YAML, nothing else is told", () => {
  assert.equal(refusal(() => parse(`pulmu: scenario/v1\nname: "x\n`)).code, "yaml.syntax");
});

for (const name of readdirSync(join(root, "scenarios"))) {
  test(`scenarios/${name} fits its site`, () => {
    const { scenario, site } = loadScenario(join(root, "scenarios", name), {
      openSite: (file, phase) => loadSite(file, { catalog, phase }),
    });
    assert.equal(scenario.phaseId, site.phase.id);
    assert.ok(scenario.startMs >= Date.parse(site.phase.date), "the phase stands when the scenario starts");
  });
}

test("the published JSON Schema is the one the program checks by", () => {
  const published = readFileSync(join(root, "docs/schema/scenario.schema.json"), "utf8");
  assert.deepEqual(JSON.parse(published), scenarioJsonSchema(), "run: npm run schema -w packages/twin");
});
