import { powerW, type FlexData, type FlexPower } from "../contracts/flex.ts";
import type { ScheduledTarget } from "./load-schedule.ts";

export interface BreachLimits {
  /** Excess that is not yet a breach, as share of the target: a meter of class 0.5 and the deadband of its point. */
  readonly tolerance: number;
  /** How long after a target comes into force the plant may take, s. */
  readonly graceS: number;
  /** How long the excess must last to be a breach, s. */
  readonly persistS: number;
  /** How long a breach may last before it is escalated, s. A critical one is at once. */
  readonly escalateS: number;
  /** How long the load must stay within the target for the breach to be over, s. */
  readonly clearS: number;
}

/** DSX Flex names no times; these are guesses, made for loads that swing every few seconds. */
export const BREACH_LIMITS: BreachLimits = { tolerance: 0.01, graceS: 60, persistS: 10, escalateS: 120, clearS: 30 };

/** DSX Flex 1.7.0: critical from 20 % above the target. */
const CRITICAL_SHARE = 0.2;

type Alert = FlexData["grid.powerbreach.alert.v1"];

/** What is to be told of a breach. */
export interface BreachStep {
  readonly status: Alert["status"];
  readonly severity: Alert["severity"];
  readonly breachId: string;
  readonly detectedMs: number;
  readonly resolvedMs: number | undefined;
  readonly target: ScheduledTarget;
  readonly limit: FlexPower;
  readonly loadW: number;
}

interface OpenBreach {
  readonly breachId: string;
  readonly detectedMs: number;
  escalated: boolean;
}

/** Follows the load of feeds against one target while it is in force: active, escalated, resolved, under one id. */
export class BreachWatch {
  readonly #target: ScheduledTarget;
  readonly #limit: FlexPower;
  readonly #limitW: number;
  readonly #limits: BreachLimits;
  readonly #newId: () => string;
  readonly #inForceMs: number;
  #aboveMs = NaN;
  #belowMs = NaN;
  #open: OpenBreach | undefined;

  /** @param limit the constraint of `target`, which is not null */
  constructor(target: ScheduledTarget, limit: FlexPower, inForceMs: number, limits: BreachLimits, newId: () => string) {
    this.#target = target;
    this.#limit = limit;
    this.#limitW = powerW(limit);
    this.#inForceMs = inForceMs;
    this.#limits = limits;
    this.#newId = newId;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Call each second. */
  judge(loadW: number, nowMs: number): BreachStep | undefined {
    const isAbove = loadW > this.#limitW * (1 + this.#limits.tolerance);
    this.#aboveMs = isAbove ? orNow(this.#aboveMs, nowMs) : NaN;
    this.#belowMs = isAbove ? NaN : orNow(this.#belowMs, nowMs);
    return this.#open === undefined ? this.#begin(loadW, nowMs) : this.#goOn(this.#open, isAbove, loadW, nowMs);
  }

  /** The target is no longer in force: what was open is resolved. */
  end(loadW: number, nowMs: number): BreachStep | undefined {
    const open = this.#open;
    this.#open = undefined;
    return open && this.#step(open, "resolved", loadW, nowMs);
  }

  #begin(loadW: number, nowMs: number): BreachStep | undefined {
    const inGrace = nowMs - this.#inForceMs < this.#limits.graceS * 1000;
    if (inGrace || !(nowMs - this.#aboveMs >= this.#limits.persistS * 1000)) return undefined;
    this.#open = { breachId: this.#newId(), detectedMs: nowMs, escalated: false };
    return this.#step(this.#open, "active", loadW);
  }

  #goOn(open: OpenBreach, isAbove: boolean, loadW: number, nowMs: number): BreachStep | undefined {
    if (nowMs - this.#belowMs >= this.#limits.clearS * 1000) return this.end(loadW, nowMs);
    const lasts = nowMs - open.detectedMs >= this.#limits.escalateS * 1000;
    if (open.escalated || !isAbove || !(lasts || this.#isCritical(loadW))) return undefined;
    open.escalated = true;
    return this.#step(open, "escalated", loadW);
  }

  #isCritical(loadW: number): boolean {
    return loadW > this.#limitW * (1 + CRITICAL_SHARE);
  }

  #step({ breachId, detectedMs }: OpenBreach, status: Alert["status"], loadW: number, resolvedMs?: number): BreachStep {
    const severity = this.#isCritical(loadW) ? "critical" : "warning";
    return { status, severity, breachId, detectedMs, resolvedMs, target: this.#target, limit: this.#limit, loadW };
  }
}

function orNow(sinceMs: number, nowMs: number): number {
  return Number.isNaN(sinceMs) ? nowMs : sinceMs;
}
