import type { Site } from "@pulmu/site";
import { createLinks, type Links } from "./links.ts";

/** Runs of neighbouring racks on the same power nodes and CDU group: what they draw and warm is added up once per run. */
export interface RackGroups {
  /** First rack of each group; one more entry at the end. */
  readonly first: Int32Array;
  /** Group of each rack. */
  readonly of: Int32Array;
  readonly cdu: Int32Array;
  readonly links: Links;
}

export function groupRacks({ racks }: Site): RackGroups {
  const first: number[] = [];
  const of = new Int32Array(racks.length);
  for (let r = 0; r < racks.length; r++) {
    const before = racks[first[first.length - 1]];
    const together = before !== undefined && before.cdu === racks[r].cdu && before.parents.join() === racks[r].parents.join();
    if (!together) first.push(r);
    of[r] = first.length - 1;
  }
  return {
    first: Int32Array.from([...first, racks.length]),
    of,
    cdu: Int32Array.from(first, (r) => racks[r].cdu),
    links: createLinks(first.map((r) => racks[r].parents)),
  };
}
