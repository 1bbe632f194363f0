import assert from "node:assert/strict";
import { test } from "node:test";
import type { BusMessage } from "../message.ts";
import { BMS_FAULTS, FAULTY_SITE } from "../testing/bms-faults.ts";
import { FLEX_FAULTS } from "../testing/flex-faults.ts";
import { exchangeTraffic } from "../testing/traffic.ts";
import { TrafficChecker, type CheckReport } from "./checker.ts";
import { RULES } from "./rules.ts";

const FAULTS = [...BMS_FAULTS, ...FLEX_FAULTS];

function check(messages: readonly BusMessage[]): CheckReport {
  const checker = new TrafficChecker();
  for (const one of messages.toSorted((a, b) => a.atMs - b.atMs)) checker.observe(one);
  return checker.finish(FAULTY_SITE.startMs + FAULTY_SITE.durationS * 1000);
}

test("given traffic that keeps its contracts, nothing is found", () => {
  const report = check(exchangeTraffic(FAULTY_SITE));
  assert.deepEqual(report.findings, []);
  assert.deepEqual([report.errors, report.warnings, report.contractViolations], [0, 0, 0]);
  assert.ok(report.seen.values > 2500 && report.seen.metadata > 150 && report.seen.events === 11 && report.seen.machineStates === 6);
});

for (const [what, code, subject, plant] of FAULTS) {
  test(`given ${what}, it is found: ${code}`, () => {
    const { findings } = check(plant());
    const found = findings.filter((finding) => finding.code === code);
    assert.ok(
      found.some((finding) => finding.subject.includes(subject)),
      `found only ${findings.map((finding) => `${finding.code} ${finding.subject}`).join("; ")}`,
    );
    const codes = new Set(findings.map((finding) => finding.code));
    assert.ok(codes.size <= 4, `one fault, and all this was found: ${[...codes].join(", ")}`);
  });
}

test("every rule has a planted fault that finds it, but for keys and the checker's own limits, which have tests of their own", () => {
  const planted = new Set<string>(FAULTS.map(([, code]) => code));
  const without = Object.keys(RULES).filter((code) => !planted.has(code));
  assert.deepEqual(without, ["flex.bad-signature", "check.limit"]);
});
