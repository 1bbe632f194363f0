import type { FlexData } from "@pulmu/exchange";

type Alert = FlexData["grid.powerbreach.alert.v1"];
export type LastResort = Alert["infrastructure_actions"][number];

/** When an excess is told, and what is done about it. DSX Flex names no times: these are ours. */
export interface BreachRules {
  /** Excess that a revenue meter cannot show, as share of the target (class 0.2 S of IEC 62053-22). */
  readonly toleranceShare: number;
  /** How long an excess must last to be a breach, s: power swings every few seconds. */
  readonly persistS: number;
  /** How long a breach lasts before it is escalated, s; a critical one is at once. */
  readonly escalateS: number;
  /** How long the load must stay within the target for the breach to be over, s. */
  readonly clearS: number;
  /** What the infrastructure may be asked for in the end, least disruptive first; none unless configured. */
  readonly lastResorts: readonly LastResort[];
  /** How long each is given to show before the next is added, s. */
  readonly resortAfterS: number;
}

export const BREACH_RULES: BreachRules = {
  toleranceShare: 0.002,
  persistS: 10,
  escalateS: 120,
  clearS: 60,
  lastResorts: [],
  resortAfterS: 60,
};

/** DSX Flex 1.7.0: above this share of the target a breach is critical. */
const CRITICAL_SHARE = 1.2;

/** What is to be told of a breach now. */
export interface BreachStep {
  readonly breachId: string;
  readonly status: Alert["status"];
  readonly severity: Alert["severity"];
  readonly detectedMs: number;
  /** NaN until it is over. */
  readonly resolvedMs: number;
  readonly targetId: string;
  readonly loadW: number;
  readonly actions: readonly LastResort[];
}

/** The target that a load is held against. */
export interface WatchedTarget {
  readonly id: string;
  readonly limitW: number;
  /** From when on an excess counts: a ramp takes its time. */
  readonly deadlineMs: number;
  /** Last resorts are out of the question for a best-effort target: it never ends work. */
  readonly firm: boolean;
}

interface OpenBreach {
  readonly breachId: string;
  readonly detectedMs: number;
  readonly target: WatchedTarget;
  severity: Alert["severity"];
  escalated: boolean;
  resorts: number;
  resortMs: number;
}

/** One scope's load against the target in force on it: active, escalated, resolved, under one id. */
export class BreachCycle {
  readonly #rules: BreachRules;
  readonly #newId: () => string;
  #aboveMs = NaN;
  #belowMs = NaN;
  #open: OpenBreach | undefined;

  constructor(rules: BreachRules, newId: () => string) {
    this.#rules = rules;
    this.#newId = newId;
  }

  get breachId(): string | undefined {
    return this.#open?.breachId;
  }

  /** The infrastructure could not do what it was asked: the next last resort need not wait. */
  enforcementFailed(): void {
    if (this.#open !== undefined) this.#open.resortMs = -Infinity;
  }

  /** Call each second. */
  judge(target: WatchedTarget | undefined, loadW: number, nowMs: number): BreachStep | undefined {
    const open = this.#open;
    // Another target, or none: what was open against the old one is over, whatever comes next.
    if (open !== undefined && (target === undefined || target.id !== open.target.id)) return this.#resolve(open, loadW, nowMs);
    if (target === undefined) return this.#forget();
    const above = loadW > target.limitW * (1 + this.#rules.toleranceShare);
    this.#aboveMs = above && nowMs >= target.deadlineMs ? orNow(this.#aboveMs, nowMs) : NaN;
    this.#belowMs = above ? NaN : orNow(this.#belowMs, nowMs);
    const severity = loadW > target.limitW * CRITICAL_SHARE ? "critical" : "warning";
    return open === undefined ? this.#detect(target, severity, loadW, nowMs) : this.#follow(open, severity, loadW, nowMs);
  }

  #detect(target: WatchedTarget, severity: Alert["severity"], loadW: number, nowMs: number): BreachStep | undefined {
    if (!(nowMs - this.#aboveMs >= this.#rules.persistS * 1000)) return undefined;
    this.#open = { breachId: this.#newId(), detectedMs: nowMs, target, severity, escalated: false, resorts: 0, resortMs: nowMs };
    return this.#tell(this.#open, "active", loadW);
  }

  #follow(open: OpenBreach, severity: Alert["severity"], loadW: number, nowMs: number): BreachStep | undefined {
    const { escalateS, clearS, lastResorts, resortAfterS } = this.#rules;
    if (nowMs - this.#belowMs >= clearS * 1000) return this.#resolve(open, loadW, nowMs);
    if (!Number.isNaN(this.#belowMs)) return undefined; // on its way
    const worse = severity === "critical" && open.severity === "warning";
    open.severity = severity;
    const rises = !open.escalated && (severity === "critical" || nowMs - open.detectedMs >= escalateS * 1000);
    if (rises) open.escalated = true;
    const resorts =
      open.escalated && open.target.firm && open.resorts < lastResorts.length && (rises || nowMs - open.resortMs >= resortAfterS * 1000);
    if (resorts) {
      open.resorts++;
      open.resortMs = nowMs;
    }
    return rises || resorts || worse ? this.#tell(open, open.escalated ? "escalated" : "active", loadW) : undefined;
  }

  #resolve(open: OpenBreach, loadW: number, nowMs: number): BreachStep {
    this.#forget();
    return { ...this.#tell({ ...open, severity: "warning", resorts: 0 }, "resolved", loadW), resolvedMs: nowMs };
  }

  #forget(): undefined {
    this.#open = undefined;
    this.#aboveMs = this.#belowMs = NaN;
  }

  #tell({ breachId, detectedMs, target, severity, resorts }: OpenBreach, status: Alert["status"], loadW: number): BreachStep {
    const actions = this.#rules.lastResorts.slice(0, resorts);
    return { breachId, status, severity, detectedMs, resolvedMs: NaN, targetId: target.id, loadW, actions };
  }
}

function orNow(sinceMs: number, nowMs: number): number {
  return Number.isNaN(sinceMs) ? nowMs : sinceMs;
}
