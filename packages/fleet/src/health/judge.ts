import type { Finding, Health } from "../node.ts";
import { type Report, type SourceName, SOURCES, tellsEvents } from "./report.ts";
import { fits, type HealthRule, type HealthRules } from "./rules.ts";

/** A rule that something spoke for: it becomes a finding when it did so often, or for long, enough. */
interface Sign {
  readonly rule: HealthRule;
  readonly component: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly text: string;
  /** When, of what happens; as many as the rule counts. */
  readonly timesMs: readonly number[];
}

/** All that is known of one node's health. */
export interface Chart {
  readonly signs: ReadonlyMap<string, Sign>;
  readonly heardMs: Readonly<Partial<Record<SourceName, number>>>;
}

export const EMPTY_CHART: Chart = { signs: new Map(), heardMs: {} };

export interface Verdict {
  readonly health: Health;
  readonly findings: readonly Finding[];
}

/** Signs on one node at most: a machine that says more is ill enough. */
const MAX_SIGNS = 256;

/** Takes a report into a node's chart. An older report of a source than the last, or one from after `nowMs`, changes nothing. */
export function takeReport(rules: HealthRules, chart: Chart, report: Report, nowMs: number): Chart {
  const { source, atMs } = report;
  if (atMs > nowMs || atMs < (chart.heardMs[source] ?? -Infinity)) return chart;
  const signs = new Map(chart.signs);
  const told = new Set<string>();
  for (const observation of report.observations) {
    for (const rule of rules.rules) {
      if (!fits(rule, source, observation)) continue;
      const key = `${rule.id}|${observation.component}`;
      const known = signs.get(key);
      if (known === undefined && signs.size >= MAX_SIGNS) continue;
      told.add(key);
      const timesMs = tellsEvents(source) ? [...(known?.timesMs ?? []), atMs].slice(-rule.times) : [];
      signs.set(key, { rule, component: observation.component, firstMs: known?.firstMs ?? atMs, lastMs: atMs, text: observation.text, timesMs }); // prettier-ignore
    }
  }
  // What tells how things are tells all of it: what it does not repeat is over.
  if (!tellsEvents(source)) for (const [key, sign] of signs) if (sign.rule.from === source && !told.has(key)) signs.delete(key);
  return { signs, heardMs: { ...chart.heardMs, [source]: atMs } };
}

/**
 * What the chart says now. A failure that happened stays until the node is repaired; lesser things pass.
 * @param expected sources that speak of this node, so that their silence says something
 */
export function judge(rules: HealthRules, chart: Chart, nowMs: number, expected: readonly SourceName[] = []): Verdict {
  const findings: Finding[] = [];
  for (const { rule, component, firstMs, lastMs, text, timesMs } of chart.signs.values()) {
    const holds = tellsEvents(rule.from)
      ? timesMs.length >= rule.times &&
        lastMs - timesMs[0] <= rule.within * 1000 &&
        (rule.severity === "failed" || nowMs - lastMs <= rule.within * 1000)
      : lastMs - firstMs >= rule.for * 1000;
    if (!holds) continue;
    const said = text === "" ? rule.why : `${rule.why} (${text})`;
    findings.push({ ruleId: rule.id, component, severity: rule.severity, remedy: rule.remedy, text: said, firstMs, lastMs });
  }
  findings.sort((a, b) => RANK[b.severity] - RANK[a.severity] || a.firstMs - b.firstMs || (a.ruleId < b.ruleId ? -1 : 1));
  return { health: healthOf(rules, chart, findings, nowMs, expected), findings };
}

const RANK: Readonly<Record<Finding["severity"], number>> = { watch: 0, suspect: 1, failed: 2 };

function healthOf(rules: HealthRules, chart: Chart, findings: readonly Finding[], nowMs: number, expected: readonly SourceName[]): Health {
  const worst = findings[0]?.severity ?? "watch";
  if (worst === "failed") return "failed";
  const silent = SOURCES.some((name) => {
    const { required, silentAfter } = rules.sources[name];
    return (required || expected.includes(name)) && nowMs - (chart.heardMs[name] ?? -Infinity) > silentAfter * 1000;
  });
  if (silent) return "unknown";
  return worst === "suspect" ? "suspect" : "ok";
}

/** The chart of a node that was repaired, or of one that is found in the store: failures that were kept, and nobody heard yet. */
export function chartOf(rules: HealthRules, findings: readonly Finding[]): Chart {
  const signs = new Map<string, Sign>();
  for (const { ruleId, component, firstMs, lastMs, text } of findings) {
    const rule = rules.rules.find(({ id }) => id === ruleId);
    if (rule === undefined || !tellsEvents(rule.from)) continue; // what lasts will be said again
    const said = text.startsWith(`${rule.why} (`) ? text.slice(rule.why.length + 2, -1) : "";
    signs.set(`${ruleId}|${component}`, {
      rule,
      component,
      firstMs,
      lastMs,
      text: said,
      timesMs: new Array<number>(rule.times).fill(lastMs),
    });
  }
  return { signs, heardMs: {} };
}
