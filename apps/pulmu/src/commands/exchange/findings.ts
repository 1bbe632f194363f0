import { describeFinding, RULES, type CheckReport, type Finding } from "@pulmu/exchange";
import { formatDuration } from "@pulmu/units";
import { grouped } from "../../terminal/format.ts";
import type { Style } from "../../terminal/style.ts";

/** Places told of one rule; the rest is counted. `--json` has all. */
const PLACES = 5;

/** The report for people: what was seen, each broken rule with its first places, and the verdict. */
export function findingsText(report: CheckReport, source: string, style: Style): string {
  const { seen, signatures } = report;
  const lines = [
    `${style.bold(source)}: ${grouped(report.messages)} messages in ${formatDuration(report.durationS)}`,
    `  ${grouped(seen.values)} values, ${grouped(seen.metadata)} metadata, ${grouped(seen.events)} Flex events, ` +
      `${grouped(seen.machineStates)} machine states, ${grouped(seen.foreign)} of no contract`,
    `  ${grouped(report.points)} points, ${grouped(report.racks)} racks, ${grouped(report.meters)} meters, ${grouped(report.machines)} machines; ` +
      `events signed: ${grouped(signatures.signed)} (${grouped(signatures.verified)} verified), unsigned: ${grouped(signatures.unsigned)}`,
    "",
  ];
  const byRule = Map.groupBy(report.findings, ({ code, severity }) => `${severity} ${code}`);
  for (const findings of byRule.values()) lines.push(...ruleLines(findings, style), "");
  if (report.dropped > 0) lines.push(`${grouped(report.dropped)} more findings were not kept`, "");
  lines.push(verdict(report, style));
  return `${lines.join("\n")}\n`;
}

function ruleLines(findings: readonly Finding[], style: Style): readonly string[] {
  const { severity, code } = findings[0];
  const label = severity === "error" ? style.red("error  ") : style.yellow("warning");
  const places = findings.slice(0, PLACES).map((finding) => `         ${describeFinding(finding)}`);
  const more = findings.length - PLACES;
  return [
    `${label}  ${style.bold(code)}: ${RULES[code][1]}`,
    ...places,
    ...(more > 0 ? [style.dim(`         and at ${grouped(more)} more places`)] : []),
  ];
}

function verdict({ errors, warnings, contractViolations }: CheckReport, style: Style): string {
  if (errors === 0 && warnings === 0) return style.green("clean");
  const text = `${plural(errors, "error")}, ${plural(warnings, "warning")}; ${plural(contractViolations, "message")} against the letter of a contract`;
  return errors > 0 ? style.red(text) : style.yellow(text);
}

function plural(count: number, word: string): string {
  return `${grouped(count)} ${word}${count === 1 ? "" : "s"}`;
}
