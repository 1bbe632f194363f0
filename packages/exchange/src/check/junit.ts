import type { CheckReport } from "./checker.ts";
import type { Finding } from "./finding.ts";
import { RULES, type RuleCode } from "./rules.ts";

/** Lines of one test case; the rest is told as a number. */
const MAX_LINES = 100;

/** The report for a build server: each rule is a test case, which errors fail and warnings are printed beside. */
export function toJUnit(report: CheckReport): string {
  const byRule = Map.groupBy(report.findings, ({ code }) => code);
  const cases = (Object.keys(RULES) as RuleCode[]).map((code) => testCase(code, byRule.get(code) ?? []));
  const failures = [...byRule.values()].filter((findings) => findings.some(({ severity }) => severity === "error")).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" time="${report.durationS}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="DSX Exchange" ${counts}>`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testCase(code: RuleCode, findings: readonly Finding[]): string {
  const [area] = code.split(".");
  const head = `    <testcase classname="exchange.${area}" name="${escape(`${code}: ${RULES[code][1]}`)}"`;
  if (findings.length === 0) return `${head}/>`;
  const errors = findings.filter(({ severity }) => severity === "error");
  const warnings = findings.filter(({ severity }) => severity === "warning");
  const failure = `      <failure message="${errors.length} found">${lines(errors)}</failure>`;
  const beside = `      <system-out>${lines(warnings)}</system-out>`;
  return [`${head}>`, ...(errors.length > 0 ? [failure] : []), ...(warnings.length > 0 ? [beside] : []), "    </testcase>"].join("\n");
}

function lines(findings: readonly Finding[]): string {
  const told = findings.slice(0, MAX_LINES).map(describeFinding);
  const more = findings.length > MAX_LINES ? [`and ${findings.length - MAX_LINES} more`] : [];
  return escape([...told, ...more].join("\n"));
}

/** One line: `BMS/v1/…/power: value: 131000 kW (this looks like W) ×12`; its rule only where it is more exact than the code's own. */
export function describeFinding({ code, subject, path, value, rule, hint, count }: Finding): string {
  const exact = rule === RULES[code][1] ? undefined : rule;
  const place = [subject, path, value, exact].filter((part) => part !== undefined && part !== "").join(": ");
  return `${place}${hint === undefined ? "" : ` (${hint})`}${count > 1 ? ` ×${count}` : ""}`;
}

/** XML 1.0 has no way to write most control characters, nor half a character. */
function escape(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/(?![\t\n\r])\p{Cc}|[\ufffe\uffff]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
