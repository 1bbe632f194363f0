import type { Site } from "@pulmu/site";
import type { BudgetTree, SiteLimit } from "../budgets/budget-tree.ts";
import { deliveredW } from "../budgets/delivered.ts";
import { racksBelow } from "../budgets/racks-below.ts";
import { groupRacks, type RackGroup } from "../budgets/worst-flow.ts";
import { Recharges } from "./recharge.ts";

/** How fast a measured overhead is forgotten when it falls, as share of the contract per second. */
const FORGET_SHARE_S = 0.002;
/** Readings further apart than this are not of one moment: between them a gang may have swung by a tenth of the site. */
const TOGETHER_MS = 1_500;
/** An overhead that could not be measured for so long is not known any more, s. */
const KNOWN_S = 30;

/** Racks of a scope whose meters may be unknown before its overhead is, as a share. */
const MOST_UNKNOWN = 0.1;

/** What is known of the flow through the site, or through one feed. */
interface Scope {
  readonly limit: SiteLimit;
  readonly groups: readonly number[];
  /** Nodes that its racks hang on, when nothing else does: their meters tell what the racks draw, whatever rack meters say. */
  readonly hosts: readonly number[] | undefined;
  /** Watts through the scope for a watt of a rack, losses aside, while what is energised now stays so. */
  share: number;
  /** The same for a watt of each battery, and of each UPS. */
  bessShare: readonly number[];
  upsShare: readonly number[];
}

/**
 * What flows where, as far as trusted meters tell: draw of the site and of each feed, and how much of it is not racks at the worst
 * slope of losses (`otherW`). A measured overhead instead of the design's is what turns cold weather into tokens.
 */
export class Flows {
  /** Draw of the site, then of each feed, W, batteries and all; NaN where a meter is not trusted. */
  readonly drawnW: Float64Array;
  /** Output of each node, W; NaN where its meter is not trusted. */
  readonly outputW: Float64Array;
  /** 1 for a node with a way to a feed that is not known to be dead. */
  readonly alive: Uint8Array;
  readonly scopes: readonly Scope[];
  readonly #site: Site;
  readonly #groups: readonly RackGroup[];
  readonly #recharges: Recharges;
  readonly #otherW: Float64Array;
  /** What racks drew when each overhead was measured, W. */
  readonly #racksW: Float64Array;
  /** Since each overhead was measured, s. */
  readonly #ageS: Float64Array;
  #onBattery = false;

  constructor(site: Site, tree: BudgetTree) {
    this.#site = site;
    this.#groups = groupRacks(site);
    this.#recharges = new Recharges(site, site.feeds.length + 1);
    const ordered = [undefined, ...site.feeds.keys()].map((feed) => limitOf(tree, feed));
    this.scopes = ordered.map((limit) => this.#scope(tree, limit));
    this.drawnW = new Float64Array(ordered.length).fill(NaN);
    this.#otherW = new Float64Array(ordered.length).fill(NaN);
    this.#racksW = new Float64Array(ordered.length);
    this.#ageS = new Float64Array(ordered.length);
    this.outputW = new Float64Array(site.nodes.length).fill(NaN);
    this.alive = new Uint8Array(site.nodes.length).fill(1);
    this.#shareOut();
  }

  /**
   * @param nodeW input of each node, NaN where not trusted, and when that was
   * @param rackW what each rack shows, NaN where that is not of now, good and possible
   * @param bessW power of each battery, NaN where not known
   * @param liableW what each rack can draw: no reading counts for more
   */
  update(
    nodeW: Float64Array,
    nodeMs: Float64Array,
    rackW: Float64Array,
    bessW: ArrayLike<number>,
    liableW: Float64Array,
    passedS: number,
  ): void {
    const { nodes, feeds } = this.#site;
    for (let n = 0; n < nodes.length; n++) this.outputW[n] = Number.isNaN(nodeW[n]) ? NaN : deliveredW(nodes[n], nodeW[n]);
    this.#findDead(nodeW);
    this.#recharges.look(nodeW, this.alive);
    this.drawnW[0] = 0;
    feeds.forEach(({ node }, f) => {
      this.drawnW[f + 1] = nodeW[node];
      this.drawnW[0] += nodeW[node];
    });
    this.scopes.forEach((scope, s) => {
      this.#ageS[s] += passedS;
      const { gain, limitW } = scope.limit;
      // Batteries yield to a limit by themselves: what they take is no overhead, and what they give is not counted on.
      const batteriesW = scope.bessShare.reduce((sum, share, b) => sum + share * bessW[b], 0);
      const restW = this.drawnW[s] - batteriesW;
      const racksW = this.#drawnByRacksW(scope, rackW, liableW);
      const now = this.#together(s, nodeMs) ? restW - gain * scope.share * racksW : NaN;
      if (!Number.isNaN(now)) {
        if (!this.#onBattery && restW - scope.share * racksW <= scope.limit.otherW) this.#recharges.covered(s);
        const kept = this.#otherW[s] - FORGET_SHARE_S * limitW * passedS;
        this.#otherW[s] = now >= kept || Number.isNaN(kept) ? now : kept;
        this.#racksW[s] = racksW;
        this.#ageS[s] = 0;
      } else if (this.#ageS[s] > KNOWN_S) this.#otherW[s] = NaN;
    });
  }

  /**
   * Rack watts that keep a scope at a draw, W: by what is measured where it can be, else by design. Up from what racks draw now a watt of
   * them costs as much as it can at most, down from it saves no more than itself. Undefined scopes have no racks.
   * @param s 0 = the site, then the feeds
   */
  rackBudgetW(s: number, drawW: number): number {
    const { limit, share } = this.scopes[s];
    const designW = (drawW - this.#designOtherW(s)) / limit.gain;
    if (this.#onBattery || Number.isNaN(this.#otherW[s])) return designW;
    const spareW = drawW - this.#otherW[s] - limit.gain * share * this.#racksW[s];
    return this.#racksW[s] + spareW / (share * (spareW < 0 ? 1 : limit.gain));
  }

  /** What is not racks by the figures of the design, W, with UPS batteries that may be recharging. */
  #designOtherW(s: number): number {
    const { limit, upsShare } = this.scopes[s];
    return limit.otherW + limit.gain * this.#recharges.reserveW(s, upsShare);
  }

  /** True when the meters that tell a scope's overhead were read at one moment. */
  #together(s: number, nodeMs: Float64Array): boolean {
    const { feeds } = this.#site;
    let firstMs = Infinity;
    let lastMs = -Infinity;
    const look = (node: number): void => {
      firstMs = Math.min(firstMs, nodeMs[node]);
      lastMs = Math.max(lastMs, nodeMs[node]);
    };
    for (let f = 0; f < feeds.length; f++) if (s === 0 || s === f + 1) look(feeds[f].node);
    for (const host of this.scopes[s].hosts ?? []) look(host);
    return lastMs - firstMs <= TOGETHER_MS;
  }

  /** What a scope would draw if its racks drew so much, W: by the measured overhead, else by design. */
  drawOfW(s: number, rackW: number): number {
    const { limit, share } = this.scopes[s];
    const measuredW = this.#otherW[s] + limit.gain * share * rackW;
    return Number.isNaN(measuredW) || this.#onBattery ? this.#designOtherW(s) + limit.gain * rackW : measuredW;
  }

  /**
   * What the racks below a scope draw together, W: a few whose meters tell nothing count as nothing, so that the rest counts as overhead.
   * A meter that is stuck may count: what is counted too much as the rack's draw is no more than what it is liable for, and that is reckoned with.
   */
  #drawnByRacksW({ groups, hosts }: Scope, rackW: Float64Array, liableW: Float64Array): number {
    if (hosts !== undefined) {
      let sum = 0;
      for (const host of hosts) sum += this.outputW[host];
      if (!Number.isNaN(sum)) return sum;
    }
    let sum = 0;
    let unknown = 0;
    let racks = 0;
    for (const g of groups) {
      for (const r of this.#groups[g].racks) {
        racks++;
        if (Number.isNaN(rackW[r])) unknown++;
        else sum += Math.min(rackW[r], liableW[r]);
      }
    }
    return unknown > racks * MOST_UNKNOWN ? NaN : sum;
  }

  /** Dead is what a trusted meter shows at zero, and what has no other way to a feed. A node on its battery is on borrowed time. */
  #findDead(nodeW: Float64Array): void {
    let changed = false;
    let onBattery = false;
    this.#site.nodes.forEach(({ parents }, n) => {
      const fed = parents.length === 0 || parents.some((parent) => this.alive[parent] === 1);
      const alive = fed && nodeW[n] !== 0 ? 1 : 0;
      if (alive !== this.alive[n]) changed = true;
      if (!fed && this.outputW[n] > 0) onBattery = true;
      this.alive[n] = alive;
    });
    this.#onBattery = onBattery;
    if (changed) this.#shareOut();
  }

  /** Which share of a rack's power comes through each feed, at most over its racks: two living sources share evenly. */
  #shareOut(): void {
    const { nodes, feeds } = this.#site;
    const spread = (through: Float64Array, parents: readonly number[]): number => {
      const living = parents.filter((parent) => this.alive[parent] === 1);
      return living.reduce((sum, parent) => sum + through[parent] / living.length, 0);
    };
    this.scopes.forEach((scope, s) => {
      const { bess } = this.#site;
      if (s === 0) {
        scope.share = 1;
        scope.bessShare = bess.map(() => 1);
        scope.upsShare = this.#recharges.parents.map(() => 1);
        return;
      }
      const through = new Float64Array(nodes.length);
      nodes.forEach(({ parents }, n) => (through[n] = n === feeds[s - 1].node ? 1 : spread(through, parents)));
      scope.bessShare = bess.map(({ parents }) => spread(through, parents));
      scope.upsShare = this.#recharges.parents.map((parents) => spread(through, parents));
      scope.share = scope.groups.reduce((most, g) => Math.max(most, spread(through, this.#groups[g].parents)), 0) || 1;
    });
    this.#otherW.fill(NaN);
  }

  #scope(tree: BudgetTree, limit: SiteLimit | undefined): Scope {
    if (limit === undefined) return { limit: NO_RACKS, groups: [], hosts: undefined, share: 1, bessShare: [], upsShare: [] };
    const below = new Set(racksBelow(tree, limit));
    const groups = [...this.#groups.keys()].filter((g) => below.has(this.#groups[g].racks[0]));
    const hosts = [...new Set(groups.flatMap((g) => this.#groups[g].parents))];
    const pure = hosts.every((host) => this.#hostsOnly(host, groups));
    return { limit, groups, hosts: pure ? hosts : undefined, share: 1, bessShare: [], upsShare: [] };
  }

  /** True when nothing but racks of these groups hangs on the node. */
  #hostsOnly(host: number, groups: readonly number[]): boolean {
    const { nodes, cdus, loops, fixedLoads, bess } = this.#site;
    const others = [...nodes, ...cdus, ...loops, ...fixedLoads, ...bess];
    return (
      !others.some(({ parents }) => parents.includes(host)) &&
      this.#groups.every(({ parents }, g) => !parents.includes(host) || groups.includes(g))
    );
  }
}

/** A feed that carries no racks, such as one for cooling alone: it limits none. */
const NO_RACKS: SiteLimit = { kind: "feed", index: -1, name: "", limitW: Infinity, gain: 1, otherW: 0, parts: [] };

function limitOf({ limits }: BudgetTree, feed: number | undefined): SiteLimit | undefined {
  return limits.find(({ kind, index }) => (feed === undefined ? kind === "site" : kind === "feed" && index === feed));
}
