import { SYSTEM } from "@pulmu/govern";
import type { EngineNode, WorkEngine } from "./engine.ts";
import type { Fleet } from "./fleet.ts";
import { type Seen, tenantSeen } from "./follow.ts";
import { type Chart, chartOf, EMPTY_CHART, judge, takeReport, type Verdict } from "./health/judge.ts";
import type { Report, SourceName } from "./health/report.ts";
import type { HealthRules } from "./health/rules.ts";
import type { FleetNode } from "./node.ts";

/** Reports that may wait for the next round; beyond it the newest are not taken. */
const MAX_PENDING = 500_000;
/** Calls to the engine in one round at most; the rest wait for the next. */
const MAX_CALLS = 50;
/** However small the fleet, so many nodes may be taken out. */
const LEAST_OUT = 2;

export interface WatchOptions {
  readonly rules: HealthRules;
  readonly now: () => number;
  readonly complain: (text: string) => void;
  /** Which nodes this watch is for, where several engines share a house; by default all. */
  readonly owns?: (node: FleetNode) => boolean;
  /** Sources that are asked about a node, beside those that the rules require of all: silent, they leave its health unknown. */
  readonly expects?: (nodeId: string) => readonly SourceName[];
}

/**
 * Watches a fleet: gathers what sources report, judges it, and carries out what follows: takes ill nodes out of service one by one, asks
 * the engine to drain them and nothing else, and gives them back to it when they are repaired. What is heard is kept in memory: after a
 * start nothing is known to be well until it is heard again.
 */
export class Watch {
  readonly #fleet: Fleet;
  readonly #engine: WorkEngine;
  readonly #options: WatchOptions;
  readonly #charts = new Map<string, Chart>();
  readonly #wellSinceMs = new Map<string, number>();
  readonly #nodes = new Map<string, FleetNode>();
  #cursor = -1;
  #pending: Report[] = [];

  constructor(fleet: Fleet, engine: WorkEngine, options: WatchOptions) {
    this.#fleet = fleet;
    this.#engine = engine;
    this.#options = options;
  }

  /** The time it judges by. */
  now(): number {
    return this.#options.now();
  }

  /** Takes a report in; it counts from the next round on. */
  report(report: Report): void {
    if (this.#pending.length < MAX_PENDING) this.#pending.push(report);
  }

  /** One round: hear, judge, act. Never two at once. */
  async round(): Promise<void> {
    const { rules, now, complain } = this.#options;
    await this.#readChanges();
    const nowMs = now();
    for (const report of this.#pending.splice(0)) {
      const chart = this.#charts.get(report.nodeId);
      if (chart !== undefined) this.#charts.set(report.nodeId, takeReport(rules, chart, report, nowMs));
    }
    // No answer is not "drained", and not "idle": without one nothing is concluded from the engine.
    const engine = await this.#engine.nodes().then(
      (nodes) => new Map(nodes.map((node) => [node.id, node])),
      (error: Error) => (complain(`fleet: the engine does not answer: ${error.message}`), undefined),
    );
    await this.#follow(engine, nowMs);
    await this.#readChanges();
    await this.#fleet.watched(SYSTEM);
    if (engine !== undefined) await this.#tell(engine);
  }

  async #readChanges(): Promise<void> {
    const { rules, owns = () => true } = this.#options;
    for (let more = true; more;) {
      const page = await this.#fleet.stored(SYSTEM, this.#cursor, 10_000);
      for (const node of page.nodes) {
        if (!owns(node)) continue;
        const before = this.#nodes.get(node.id);
        this.#nodes.set(node.id, node);
        if (before === undefined) this.#charts.set(node.id, chartOf(rules, node.findings));
        // Repaired: what was said of it before is no longer so.
        else if (before.state === "in-repair" && node.state !== "in-repair") this.#charts.set(node.id, EMPTY_CHART);
      }
      [this.#cursor, more] = [page.cursor, page.more];
    }
  }

  async #follow(engine: ReadonlyMap<string, EngineNode> | undefined, nowMs: number): Promise<void> {
    const { rules, complain } = this.#options;
    const seen: Seen[] = [];
    for (const [nodeId, chart] of this.#charts) {
      const verdict = this.#judge(nodeId, chart, nowMs);
      if (verdict.health !== "ok") this.#wellSinceMs.delete(nodeId);
      else if (!this.#wellSinceMs.has(nodeId)) this.#wellSinceMs.set(nodeId, nowMs);
      const node = this.#nodes.get(nodeId)!;
      const one = { nodeId, verdict, engine: engine?.get(nodeId) };
      if (mayMatter(node, one)) seen.push(one);
    }
    const most = Math.max(LEAST_OUT, Math.floor(rules.limits.automaticOut * this.#nodes.size));
    let out = 0;
    for (const { state } of this.#nodes.values()) if (state === "draining" || state === "in-repair") out++;
    let held = 0;
    await this.#fleet.observe(SYSTEM, seen, (node) => {
      const wantsOut = node.state !== "draining" && this.#isFailed(node.id, nowMs);
      const mayTakeOut = wantsOut && out < most;
      if (mayTakeOut) out++;
      else if (wantsOut) held++;
      const wellMs = nowMs - (this.#wellSinceMs.get(node.id) ?? nowMs);
      return { mayTakeOut, wellLongEnough: wellMs >= rules.limits.recoverAfter * 1000 };
    });
    if (held > 0) complain(`fleet: ${held} failed nodes stay in service: ${most} are out already, the most that go unasked`);
  }

  #isFailed(nodeId: string, nowMs: number): boolean {
    return this.#judge(nodeId, this.#charts.get(nodeId)!, nowMs).health === "failed";
  }

  #judge(nodeId: string, chart: Chart, nowMs: number): Verdict {
    const { rules, expects } = this.#options;
    return judge(rules, chart, nowMs, expects?.(nodeId));
  }

  /** Tells the engine what the fleet decided, node by node. What fails is tried again in the next round. */
  async #tell(engine: ReadonlyMap<string, EngineNode>): Promise<void> {
    let calls = 0;
    for (const { id, state, reason, owesResume } of this.#nodes.values()) {
      const { draining } = engine.get(id) ?? {};
      const call =
        (state === "draining" || state === "in-repair") && draining === false
          ? () => this.#engine.drain(id, reason)
          : (state === "ready" || state === "allocated" || state === "degraded") && draining === true && owesResume
            ? () => this.#engine.resume(id)
            : undefined;
      if (call === undefined) continue;
      if (++calls > MAX_CALLS) return;
      await call().catch((error: Error) => this.#options.complain(`fleet: ${id}: ${error.message}`));
    }
  }
}

/** Most nodes are as they were: the store is not asked about them. */
function mayMatter(node: FleetNode, { verdict, engine }: Seen): boolean {
  const well = node.health === verdict.health && node.findings.length === 0 && verdict.findings.length === 0;
  const settled = node.state !== "degraded" && node.state !== "draining" && !node.owesResume && engine?.draining !== true;
  return !(well && settled && tenantSeen(node, engine) === node.tenantId);
}
