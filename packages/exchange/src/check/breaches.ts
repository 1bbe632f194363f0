import { parseDateTime } from "../contracts/formats.ts";
import { INFRASTRUCTURE_ACTIONS, powerW, type FlexData } from "../contracts/flex.ts";
import type { OpenEvent } from "./events.ts";
import type { FindingLog } from "./finding.ts";
import type { LoadTargetChecks } from "./load-targets.ts";
import type { RuleCode } from "./rules.ts";

type Alert = FlexData["grid.powerbreach.alert.v1"];

/** Above the target by more than this share is critical. */
const CRITICAL_SHARE = 1.2;

interface Breach {
  readonly subject: string;
  readonly first: Alert;
  status: Alert["status"];
  /** Actions that enforcements applied, by resource. */
  readonly applied: Set<string>;
}

type Note = (code: RuleCode, path: string, value?: string, hint?: string) => void;

/** Follows breaches: alert, enforcement, resolution. */
export class BreachChecks {
  readonly #log: FindingLog;
  readonly #targets: LoadTargetChecks;
  readonly #breaches = new Map<string, Breach>();
  #startMs: number | undefined;

  constructor(log: FindingLog, targets: LoadTargetChecks) {
    this.#log = log;
    this.#targets = targets;
  }

  /** The watch began: breaches from before it may be met half-way. */
  begin(atMs: number): void {
    this.#startMs ??= atMs;
  }

  onAlert({ data, message }: OpenEvent<"grid.powerbreach.alert.v1">): void {
    const { topic: subject, atMs } = message;
    const note: Note = (code, path, value, hint) => this.#log.note(code, subject, atMs, { path: `data.${path}`, value, hint });
    const id = data.breach.breach_id;
    const known = this.#breaches.get(id);
    if (known === undefined) {
      const earlier = parseDateTime(data.breach.detected_at)! < this.#startMs!;
      if (data.status !== "active" && !earlier) note("flex.breach-order", "status", data.status, "this breach had not been active");
      const target = data.target.correlation_id;
      if (this.#targets.hasStatus && !this.#targets.knows(target)) note("flex.breach-without-target", "target.correlation_id", target);
      this.#breaches.set(id, { subject, first: data, status: data.status, applied: new Set() });
    } else {
      checkOrder(known, data, note);
      checkSame(known.first, data, note);
      known.status = data.status;
    }
    checkResolution(data, note);
    checkLoad(data, note);
    checkActions(data, note);
  }

  onEnforcement({ data, message }: OpenEvent<"grid.powerbreach.enforcement.v1">): void {
    const { topic: subject, atMs } = message;
    const note: Note = (code, path, value, hint) => this.#log.note(code, subject, atMs, { path: `data.${path}`, value, hint });
    const breach = this.#breaches.get(data.breach_id);
    if (breach === undefined) note("flex.enforcement-without-breach", "breach_id", data.breach_id);
    else if (breach.first.feed_tag !== data.feed_tag) {
      note("flex.enforcement-without-breach", "feed_tag", data.feed_tag, `the breach is on ${breach.first.feed_tag}`);
    }
    const applied = data.results.filter(({ code }) => code === "applied");
    const failed = data.results.some(({ code }) => code === "failed");
    const right = applied.length === 0 && failed ? "error" : failed ? "partial" : "success";
    if (data.code !== right) {
      note("flex.enforcement-code", "code", data.code, `${applied.length} of ${data.results.length} were applied: ${right}`);
    }
    if (breach === undefined) return;
    for (const { resource_id } of applied) {
      if (data.action === "applied") breach.applied.add(resource_id);
      else if (!breach.applied.has(resource_id)) note("flex.enforcement-order", "results", resource_id, "nothing had been applied to it");
    }
  }

  finish(endMs: number): void {
    for (const [id, { subject, status, first }] of this.#breaches) {
      if (status === "resolved") continue;
      const within = this.#targets.isCompliant(first.feed_tag);
      const hint = within ? `yet ${first.feed_tag} reports that it is within its target` : "it may still be, after the watch";
      this.#log.note("flex.breach-unresolved", subject, endMs, {
        path: `breach ${id}`,
        value: status,
        hint,
        severity: within ? "error" : "warning",
      });
    }
  }
}

function checkOrder({ status: before }: Breach, { status }: Alert, note: Note): void {
  if (before === "resolved") note("flex.breach-order", "status", status, "this breach was resolved");
  else if (before === "escalated" && status === "active") note("flex.breach-order", "status", status, "this breach was escalated");
}

function checkSame(first: Alert, alert: Alert, note: Note): void {
  if (alert.feed_tag !== first.feed_tag) note("flex.breach-changed", "feed_tag", alert.feed_tag, `it was ${first.feed_tag}`);
  const { correlation_id } = alert.target;
  if (correlation_id !== first.target.correlation_id) note("flex.breach-changed", "target.correlation_id", correlation_id);
  const { detected_at } = alert.breach;
  if (parseDateTime(detected_at) !== parseDateTime(first.breach.detected_at))
    note("flex.breach-changed", "breach.detected_at", detected_at);
}

function checkResolution({ status, breach, shed_hints, infrastructure_actions }: Alert, note: Note): void {
  const rule = "flex.breach-resolution";
  if (status !== "resolved") {
    if (breach.resolved_at !== undefined) note(rule, "breach.resolved_at", breach.resolved_at, `status is ${status}`);
    return;
  }
  if (breach.resolved_at === undefined) note(rule, "breach.resolved_at");
  else if (parseDateTime(breach.resolved_at)! < parseDateTime(breach.detected_at)!) {
    note(rule, "breach.resolved_at", breach.resolved_at, `before ${breach.detected_at}`);
  }
  if (shed_hints !== undefined) note(rule, "shed_hints", `${shed_hints.length} hints`);
  if (infrastructure_actions.length > 0) note(rule, "infrastructure_actions", infrastructure_actions.join());
}

function checkLoad({ status, severity, measured_load, target }: Alert, note: Note): void {
  if (status === "resolved") return;
  const share = powerW(measured_load) / powerW(target.load_constraint);
  if (!(share > 1)) return note("flex.breach-load", "measured_load.value", `${measured_load.value} ${measured_load.unit}`);
  const right = share > CRITICAL_SHARE ? "critical" : "warning";
  if (severity !== right) note("flex.breach-severity", "severity", severity, `${Math.round(share * 1000 - 1000) / 10} % above: ${right}`);
}

function checkActions({ infrastructure_actions, shed_hints = [] }: Alert, note: Note): void {
  const ranks = infrastructure_actions.map((action) => INFRASTRUCTURE_ACTIONS.indexOf(action));
  if (ranks.some((rank, i) => i > 0 && rank <= ranks[i - 1])) {
    note("flex.action-order", "infrastructure_actions", infrastructure_actions.join());
  }
  for (const [i, { action, priority, target_power }] of shed_hints.entries()) {
    const path = `shed_hints[${i}]`;
    if ((action === "power_cap") !== (target_power !== undefined)) note("flex.shed-hint", `${path}.target_power`, action);
    if (i > 0 && priority < shed_hints[i - 1].priority) note("flex.shed-hint", `${path}.priority`, String(priority));
  }
}
