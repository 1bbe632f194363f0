import type { Problem } from "@pulmu/units";
import { originOf } from "./origin.ts";

/** One thing with a rating, and what the provisioned site asks of it in the worst case it must stand. */
export interface CheckRow {
  readonly id: string;
  /** Kind of the power node, or `cdu`, `loop`, `air`, `chiller`. */
  readonly kind: string;
  /** Power a node delivers, or heat that is carried: a spare unit out, and of two sources the other out, W. */
  readonly provisionedW: number;
  readonly ratingW: number;
  /** provisionedW over ratingW. */
  readonly share: number;
}

/** What the site draws with every rack at what is provisioned for it, everything standing, at design weather. */
export interface CheckTotals {
  readonly racks: number;
  readonly gpus: number;
  readonly rackW: number;
  /** Racks and fixed IT loads. */
  readonly itW: number;
  readonly lossW: number;
  readonly coolingW: number;
  readonly facilityW: number;
  /** All of it: what the feeds give. */
  readonly siteW: number;
  readonly envelopeW: number;
  /** Site over IT power. */
  readonly pue: number;
  /** Site power over GPUs, W. */
  readonly allInWPerGpu: number;
}

/** Outcome of `checkSite`. With an empty `problems` the site can be built as written. */
export interface CheckReport {
  readonly totals: CheckTotals;
  /** Index as in `Site.nodes`. */
  readonly power: readonly CheckRow[];
  readonly cooling: readonly CheckRow[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** Collects findings; of many from one generator in the file it keeps the worst, and counts. */
export class Findings {
  readonly #found = new Map<string, { problem: Problem; weight: number; times: number }>();

  /** `weight` orders findings of the same code at the same item: the largest is told. */
  add(
    element: object,
    problem: Pick<Problem, "code" | "rule" | "hint">,
    { key, weight = 0 }: { readonly key?: string; readonly weight?: number } = {},
  ): void {
    const place = originOf(element, key);
    const slot = `${place?.path ?? this.#found.size}|${problem.code}`;
    const known = this.#found.get(slot);
    const times = (known?.times ?? 0) + 1;
    if (known === undefined || weight > known.weight) this.#found.set(slot, { problem: { ...place, ...problem }, weight, times });
    else known.times = times;
  }

  /** In the order of the file. */
  list(): Problem[] {
    const all = [...this.#found.values()].map(({ problem, times }) =>
      times === 1 ? problem : { ...problem, rule: `${problem.rule} (and ${times - 1} more from this line)` },
    );
    return all.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
  }
}
