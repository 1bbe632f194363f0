import type { Site } from "@pulmu/site";
import type { Stretch, TargetBook } from "./target-book.ts";

export interface RampRates {
  /** How long a feed may take to come down to a new target, s: it must be within it then (London trial: 30 s). */
  readonly downS: number;
  /** How much of that is kept in hand, s. */
  readonly inHandS: number;
  /** How fast a limit may rise, as share of the contract per second. */
  readonly upShareS: number;
}

export const RAMP_RATES: RampRates = { downS: 30, inHandS: 10, upShareS: 0.02 };

/** What one feed, or the whole site, may draw now. */
export interface ScopeLimit {
  readonly feedTag: string | undefined;
  /** What the contract allows, W. */
  readonly contractW: number;
  /** What holds this second, W: on its way from one limit to the next. */
  limitW: number;
  /** Where it is going, W. */
  goalW: number;
  /** The target that is followed, and when it must be reached, epoch ms. */
  stretch: Stretch | undefined;
  deadlineMs: number;
}

/**
 * The allowed power over time, first for the whole site, then for each feed: the contract, and under it what the grid asks. Comes down
 * in a straight line to be there in time, goes up at the rate that was agreed.
 */
export class Envelope {
  readonly scopes: readonly ScopeLimit[];
  readonly #book: TargetBook;
  readonly #rates: RampRates;

  constructor(site: Site, book: TargetBook, rates: RampRates = RAMP_RATES) {
    const scope = (feedTag: string | undefined, contractW: number): ScopeLimit => ({
      feedTag,
      contractW,
      limitW: contractW,
      goalW: contractW,
      stretch: undefined,
      deadlineMs: -Infinity,
    });
    this.scopes = [scope(undefined, site.phase.envelopeW), ...site.feeds.map(({ tag, limitW }) => scope(tag, limitW))];
    this.#book = book;
    this.#rates = rates;
  }

  /**
   * Moves on.
   * @param wallMs time of day, epoch ms: what targets are stated in
   * @param passedS seconds since the last call by a clock that does not jump
   * @param drawnW what each scope draws, NaN where no meter is trusted: a ramp starts there, not at the contract. Only starts: what falls
   * below the ramp on its way, because caps leave some of it unused, does not make it steeper.
   */
  advance(wallMs: number, passedS: number, drawnW: ArrayLike<number>): void {
    const { downS, inHandS, upShareS } = this.#rates;
    this.scopes.forEach((scope, s) => {
      scope.stretch = this.#book.at(scope.feedTag, wallMs);
      const before = { goalW: scope.goalW, deadlineMs: scope.deadlineMs };
      scope.goalW = Math.min(scope.contractW, scope.stretch?.target.limitW ?? Infinity);
      scope.deadlineMs = scope.stretch === undefined ? -Infinity : Math.max(scope.stretch.fromMs, scope.stretch.setMs) + downS * 1000;
      if (scope.goalW >= scope.limitW) {
        scope.limitW = Math.min(scope.goalW, scope.limitW + scope.contractW * upShareS * passedS);
        return;
      }
      const starts = scope.goalW !== before.goalW || scope.deadlineMs !== before.deadlineMs;
      if (starts && drawnW[s] < scope.limitW) scope.limitW = Math.max(scope.goalW, drawnW[s]);
      const leftS = (scope.deadlineMs - wallMs) / 1000 - inHandS;
      scope.limitW = leftS <= passedS ? scope.goalW : scope.limitW - ((scope.limitW - scope.goalW) * passedS) / leftS;
    });
  }
}
