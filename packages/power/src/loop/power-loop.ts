import { sumBelow } from "../budgets/sums.ts";
import type { CurveRepair, Profile } from "../curves/profiles.ts";
import { rackLimitW } from "../curves/rack-limit.ts";
import type { Work } from "../curves/work.ts";
import { Envelope, type ScopeLimit } from "../envelope/envelope.ts";
import type { TargetBook } from "../envelope/target-book.ts";
import { assignWithGangs } from "./assignment.ts";
import { CriticalCuts, type CriticalCut } from "./critical-cuts.ts";
import { assumedWorks } from "./demand.ts";
import { Flows } from "./flows.ts";
import { LeaseBook, LEASE_TERMS } from "./lease-book.ts";
import { LimitsNow } from "./limits-now.ts";
import { MeterJudge } from "./meter-judge.ts";
import { Obedience } from "./obedience.ts";
import type { CapWrite, LeaseReport, MeterSnapshot } from "./ports.ts";
import { Room } from "./room.ts";
import type { Setup } from "./setup.ts";
import { WritePlanner } from "./write-planner.ts";

/** Works are looked at again this often, s: who runs where changes by the minute, mixes by a little each second. */
const WORKS_EVERY_S = 5;
/** Every device is asked this often what it was told, s. */
const ASK_EVERY_S = 15;
/** How long devices have to tell a new controller what they were told, ms. */
const ANSWER_MS = 4_000;
/** A step that comes later than this after the last one counts as this late, s: ramps do not leap. */
const LONGEST_STEP_S = 10;

export interface StepInput {
  /** By a clock that does not jump, ms. */
  readonly nowMs: number;
  /** Time of day, epoch ms. */
  readonly wallMs: number;
  readonly meters: MeterSnapshot;
  /** Answers of devices since the last step. */
  readonly reports: readonly LeaseReport[];
  /** Who works where; undefined when nobody tells, and every busy rack counts as training. */
  readonly works: readonly Work[] | undefined;
}

export interface StepOutput {
  readonly writes: readonly CapWrite[];
  /** Racks whose devices are to be asked what they were told. */
  readonly asks: readonly number[];
  /** Critical work that was cut from this second on, and why. */
  readonly criticalCuts: readonly CriticalCut[];
  /** Limits that the flow passes now, by name. */
  readonly excursions: readonly string[];
}

/** How steering stands, for people. Powers in W. */
export interface LoopView {
  readonly scopes: readonly (ScopeLimit & { readonly drawnW: number })[];
  /** Σ of what racks are liable for, Σ of what they would fall to, and the root budgets they have to fit: always, and now. */
  readonly liableW: number;
  readonly fallbackW: number;
  readonly firmBudgetW: number;
  readonly budgetW: number;
  /** Watts that the lowest caps need beyond what is allowed now; 0 when everything fits. */
  readonly shortW: number;
  readonly unreachable: readonly number[];
  readonly disobedient: readonly number[];
  readonly untrustedRackMeters: number;
  readonly criticalCuts: readonly CriticalCut[];
  /** Curves of power's worth that were not concave, and what was made of them. */
  readonly curveRepairs: readonly CurveRepair[];
}

/**
 * Steering, one step a second: judge readings → what is allowed → what is wanted → allocate → write what is safe. A step is a function of
 * its input and of the state that earlier steps left; it reads no clock and waits for nothing.
 *
 * A new loop is a new controller: it begins by asking every device what it was told, and touches nothing until its predecessor's last
 * writes have arrived or cannot arrive any more.
 */
export class PowerLoop {
  readonly #setup: Setup;
  readonly #envelope: Envelope;
  readonly #book: LeaseBook;
  readonly #planner: WritePlanner;
  readonly #flows: Flows;
  readonly #rackMeters: MeterJudge;
  readonly #nodeMeters: MeterJudge;
  readonly #limits: LimitsNow;
  readonly #obedience: Obedience;
  readonly #cuts: CriticalCuts;
  readonly #startMs: number;

  #steps = 0;
  #hurried = false;
  #lastMs = NaN;
  #works: readonly Work[] = [];
  #profiles: readonly Profile[];
  readonly #liableW: Float64Array;
  #shortW = 0;

  /**
   * @param firstOrder order of the first write: above any of every controller before (see `takeLeadership`)
   * @param startMs now, by the clock that does not jump
   */
  constructor(setup: Setup, targets: TargetBook, firstOrder: number, startMs: number) {
    const { site, tree, profiles, fallbackCapW, fallbackW, mostW, ramp } = setup;
    this.#setup = setup;
    this.#startMs = startMs;
    this.#envelope = new Envelope(site, targets, ramp);
    this.#book = new LeaseBook(fallbackW, mostW, firstOrder, startMs);
    this.#planner = new WritePlanner(site, profiles, this.#book, fallbackCapW, firstOrder);
    this.#flows = new Flows(site, tree);
    const idleW = site.racks.map(({ type }, r) => rackLimitW(type, profiles.accelerator(r).idleW));
    this.#rackMeters = new MeterJudge(mostW, Float64Array.from(idleW));
    // A feed or node can carry well over its rating for a while.
    this.#nodeMeters = new MeterJudge(
      Float64Array.from(site.nodes, ({ unitRatingW, units, overload }) => unitRatingW * units * Math.max(2, overload)),
    );
    this.#limits = new LimitsNow(setup, this.#flows, this.#envelope);
    this.#obedience = new Obedience(site.racks.length);
    this.#cuts = new CriticalCuts(setup);
    this.#profiles = profiles.of([]);
    this.#liableW = fallbackW.slice();
  }

  step({ nowMs, wallMs, meters, reports, works }: StepInput): StepOutput {
    const passedS = Number.isNaN(this.#lastMs) ? 1 : Math.min(LONGEST_STEP_S, Math.max(0, (nowMs - this.#lastMs) / 1000));
    this.#lastMs = nowMs;
    this.#read(meters, reports, nowMs, passedS);
    this.#envelope.advance(wallMs, passedS, this.#flows.drawnW);
    if (this.#steps % WORKS_EVERY_S === 0) this.#look(works);
    const excursions = this.#limits.update(meters, this.#nodeMeters.trustedW, this.#liableW, passedS);

    const writes = this.#adopting(nowMs) ? this.#planner.keep(this.#profiles, nowMs) : this.#steer(wallMs, nowMs);
    const asks = this.#toAsk(nowMs);
    this.#steps++;
    this.#hurried = false;
    return { writes, asks, criticalCuts: this.#cuts.takeNew(), excursions };
  }

  /**
   * Call when a load target has come: what it asks for at once is written now, not with the next step. Goes by the readings of the last
   * step, and only once before the next: a flood of targets is no flood of writes.
   */
  hurry({ nowMs, wallMs, meters }: Pick<StepInput, "nowMs" | "wallMs" | "meters">): readonly CapWrite[] {
    if (this.#hurried || this.#steps === 0 || this.#adopting(nowMs)) return [];
    this.#hurried = true;
    this.#weigh(nowMs);
    this.#obedience.raise(this.#liableW, this.#setup.mostW);
    this.#envelope.advance(wallMs, 0, this.#flows.drawnW);
    this.#limits.update(meters, this.#nodeMeters.trustedW, this.#liableW, 0);
    return this.#steer(wallMs, nowMs);
  }

  view(): LoopView {
    const { site, tree, firmW, fallbackW } = this.#setup;
    const roots = [...tree.parent.keys()].filter((n) => tree.parent[n] < 0);
    const atRoots = (columnW: Float64Array) => roots.reduce((sum, n) => sum + columnW[n], 0);
    const all = (columnW: Float64Array) => columnW.reduce((sum, powerW) => sum + powerW, 0);
    const racks = [...site.racks.keys()];
    return {
      scopes: this.#envelope.scopes.map((scope, s) => ({ ...scope, drawnW: this.#flows.drawnW[s] })),
      liableW: all(this.#liableW),
      fallbackW: all(fallbackW),
      firmBudgetW: atRoots(firmW),
      budgetW: atRoots(this.#limits.budgetW),
      shortW: this.#shortW,
      unreachable: racks.filter((r) => this.#planner.unreachable(r)),
      disobedient: racks.filter((r) => !this.#obedience.obeys(r)),
      untrustedRackMeters: racks.length - this.#rackMeters.trustedCount,
      criticalCuts: this.#cuts.current,
      curveRepairs: this.#setup.profiles.repairs,
    };
  }

  /** The envelope's scopes (the site, then its feeds), what flows there by trusted meters, and what would if racks drew all they may, W. */
  flow(): { readonly scopes: readonly ScopeLimit[]; readonly meteredW: ArrayLike<number>; readonly calculatedW: ArrayLike<number> } {
    const below = sumBelow(this.#setup.tree, this.#liableW);
    const calculatedW = this.#flows.scopes.map(({ limit }, s) =>
      this.#flows.drawOfW(
        s,
        limit.parts.reduce((sum, { set }) => sum + below[set], 0),
      ),
    );
    return { scopes: this.#envelope.scopes, meteredW: this.#flows.drawnW, calculatedW };
  }

  /** Above every order that was used: where a successor in this process may begin. */
  get nextOrder(): number {
    return this.#planner.nextOrder;
  }

  /** Who works where, as the last allocation had it. */
  get works(): readonly Work[] {
    return this.#works;
  }

  /** The limit in force on a rack as far as is known, W. */
  limitW(rack: number): number {
    return this.#book.inForceW(rack, this.#lastMs);
  }

  #read(
    { rackPowerW, rackSampleMs, rackGood, nodePowerW, nodeSampleMs, nodeGood, bessPowerW }: MeterSnapshot,
    reports: readonly LeaseReport[],
    nowMs: number,
    passedS: number,
  ): void {
    const { site, mostW } = this.#setup;
    const book = this.#book;
    for (const report of reports) {
      const became = book.reported(report, rackLimitW(site.racks[report.rack].type, report.gpuCapW));
      this.#planner.answered(report.rack, became, nowMs);
    }
    this.#rackMeters.take(rackPowerW, rackSampleMs, rackGood, nowMs);
    this.#nodeMeters.take(nodePowerW, nodeSampleMs, nodeGood, nowMs);
    this.#weigh(nowMs);
    this.#obedience.judge(this.#rackMeters.trustedW, this.#liableW, mostW);
    this.#flows.update(this.#nodeMeters.trustedW, this.#nodeMeters.sampleMs, this.#rackMeters.freshW, bessPowerW, this.#liableW, passedS);
  }

  #weigh(nowMs: number): void {
    for (let r = 0; r < this.#liableW.length; r++) this.#liableW[r] = this.#book.liabilityW(r, nowMs);
  }

  #look(works: readonly Work[] | undefined): void {
    this.#works = works ?? assumedWorks(this.#setup.site, this.#rackMeters.trustedW);
    this.#profiles = this.#setup.profiles.of(this.#works);
  }

  /** Until every device has answered since the predecessor's last write could have arrived, or had its chance to. */
  #adopting(nowMs: number): boolean {
    const sinceMs = nowMs - this.#startMs - LEASE_TERMS.deliverWithinMs;
    if (sinceMs < 0) return true;
    if (sinceMs >= ANSWER_MS) return false;
    for (let r = 0; r < this.#liableW.length; r++) if (!this.#book.settled(r)) return true;
    return false;
  }

  #steer(wallMs: number, nowMs: number): CapWrite[] {
    const { tree, firmW } = this.#setup;
    const wantedW = this.#wanted(wallMs, nowMs);
    const room = new Room(tree.parent, tree.nodeOf, firmW, this.#limits.budgetW, sumBelow(tree, this.#liableW));
    return this.#planner.plan(this.#profiles, wantedW, this.#liableW, room, nowMs);
  }

  /** The limit that each rack should have, W. */
  #wanted(wallMs: number, nowMs: number): Float64Array {
    // Racks that cannot be told anything are a given.
    const fixedW = this.#liableW.map((liableW, r) => (this.#planner.unreachable(r) || !this.#obedience.obeys(r) ? liableW : NaN));
    const { allocation, shortW } = assignWithGangs(this.#setup, {
      budgetW: this.#limits.budgetW,
      profiles: this.#profiles,
      works: this.#works,
      fixedW,
    });
    this.#shortW = shortW;
    this.#cuts.judge(allocation, this.#profiles, wallMs);
    return allocation.powerW.map((powerW, r) => (Number.isNaN(fixedW[r]) ? powerW : this.#book.inForceW(r, nowMs)));
  }

  #toAsk(nowMs: number): number[] {
    const book = this.#book;
    const asks: number[] = [];
    for (let r = 0; r < this.#liableW.length; r++) {
      const waiting = !Number.isNaN(book.unconfirmedSinceMs(r)) && !this.#planner.unreachable(r);
      if (waiting || (r + this.#steps) % ASK_EVERY_S === 0 || (!book.settled(r) && nowMs < this.#startMs + book.horizonMs)) asks.push(r);
    }
    return asks;
  }
}
