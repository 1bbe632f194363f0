import { tighten, type SiteLimit } from "../budgets/budget-tree.ts";
import { tightenByHeat } from "../budgets/heat.ts";
import { sumBelow } from "../budgets/sums.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { Excursions } from "./excursions.ts";
import type { Flows } from "./flows.ts";
import type { MeterSnapshot } from "./ports.ts";
import type { Setup } from "./setup.ts";

/** Of a target, this share is kept free: a second passes between a reading and a cap. */
const TARGET_MARGIN = 0.003;

/** The budgets that hold this second: the firm ones, and what load targets, lost units, heat and excursions make of them. */
export class LimitsNow {
  readonly #setup: Setup;
  readonly #flows: Flows;
  readonly #envelope: Envelope;
  readonly #nodeExcursions: Excursions;
  readonly #scopeExcursions: Excursions;
  /** Rack watts of each budget. */
  budgetW: Float64Array;

  constructor(setup: Setup, flows: Flows, envelope: Envelope) {
    const { tree, site, firmW } = setup;
    this.#setup = setup;
    this.#flows = flows;
    this.#envelope = envelope;
    const nodes = tree.limits.filter(({ kind }) => kind === "node");
    const scopes = flows.scopes.map(({ limit }) => limit).filter(({ parts }) => parts.length > 0);
    this.#nodeExcursions = new Excursions(nodes, ({ index }) => site.nodes[index].overload);
    this.#scopeExcursions = new Excursions(scopes, () => undefined);
    this.budgetW = firmW;
  }

  /**
   * @param nodeW input of each node, NaN where not trusted
   * @param liableW what each rack can draw
   * @param passedS since the readings before; 0 when these are still the same: what flows was judged by them already
   * @returns names of the limits that the flow passes
   */
  update({ nodeRatingW, rackInletC }: MeterSnapshot, nodeW: Float64Array, liableW: Float64Array, passedS: number): string[] {
    const { site, tree, firmW, minW, maxW } = this.#setup;
    const budgetW = firmW.slice();
    /** A node with units out carries less; one that is out carries nothing, and what it carried has another way or is dark. */
    const ratingW = ({ index, limitW }: SiteLimit): number => {
      const toldW = Number.isNaN(nodeW[index]) ? NaN : nodeRatingW[index];
      return toldW > 0 && toldW < limitW ? toldW : limitW;
    };
    for (const limit of tree.limits) if (limit.kind === "node") tighten(budgetW, limit, (ratingW(limit) - limit.otherW) / limit.gain);
    this.#envelope.scopes.forEach(({ limitW, contractW }, s) => {
      // The contract holds by design; measured overhead only ever makes it stricter. A target holds by what is measured.
      const heldW = limitW < contractW ? limitW * (1 - TARGET_MARGIN) : contractW;
      tighten(budgetW, this.#flows.scopes[s].limit, this.#flows.rackBudgetW(s, heldW));
    });
    tightenByHeat(budgetW, site, tree, rackInletC, minW, maxW);
    const over = passedS > 0 ? this.#catchExcursions(ratingW, liableW, passedS) : [];
    this.#nodeExcursions.tighten(budgetW);
    this.#scopeExcursions.tighten(budgetW);
    this.budgetW = budgetW;
    return over;
  }

  #catchExcursions(ratingW: (limit: SiteLimit) => number, liableW: Float64Array, passedS: number): string[] {
    const { scopes, drawnW, outputW } = this.#flows;
    const below = sumBelow(this.#setup.tree, liableW);
    const liableBelowW = ({ parts }: SiteLimit): number => parts.reduce((sum, { set }) => sum + below[set], 0);
    const scopeOf = (limit: SiteLimit): number => scopes.findIndex((scope) => scope.limit === limit);
    return [
      ...this.#nodeExcursions.judge(({ index }) => outputW[index], ratingW, liableBelowW, passedS),
      ...this.#scopeExcursions.judge(
        (limit) => drawnW[scopeOf(limit)],
        (limit) => this.#steadyLimitW(scopeOf(limit)),
        liableBelowW,
        passedS,
      ),
    ];
  }

  /** What a scope's draw is held against: while a limit is still coming down, the draw is allowed to be behind it. */
  #steadyLimitW(s: number): number {
    const { limitW, goalW, contractW } = this.#envelope.scopes[s];
    return limitW <= goalW ? limitW : contractW;
  }
}
