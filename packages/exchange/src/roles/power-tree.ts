import type { Problem } from "@pulmu/units";
import type { PointMetadata } from "../contracts/bms.ts";
import { parseEngUnit } from "../contracts/eng-units.ts";

/** Something that power flows through or into, as the metadata of a BMS tells it. */
export interface TreeNode {
  /** objectId, or rackLocationId of a rack. */
  readonly id: string;
  readonly name: string;
  /** A meter stands in the power path; a rack or other equipment is where it ends. */
  readonly kind: "meter" | "rack" | "equipment";
  readonly objectType: string;
  /** Indices into `PowerTree.nodes` of what feeds it: none for where power enters the site. */
  readonly parents: readonly number[];
  readonly children: readonly number[];
  /** Slot of the point that measures its power; undefined when none does. */
  readonly powerSlot: number | undefined;
}

/** The electrical path of a site, from where power enters down to the racks. */
export interface PowerTree {
  /** Parents stand before children. */
  readonly nodes: readonly TreeNode[];
  readonly index: ReadonlyMap<string, number>;
  /** Nodes that nothing feeds. */
  readonly roots: readonly number[];
  /** What in the metadata does not fit together. The tree holds what does. */
  readonly problems: readonly Problem[];
}

/** A described point. */
export interface DescribedPoint {
  readonly slot: number;
  readonly metadata: PointMetadata;
}

interface Draft {
  readonly id: string;
  readonly name: string;
  readonly kind: TreeNode["kind"];
  readonly objectType: string;
  readonly serves: Set<string>;
  powerSlot: number | undefined;
}

/** The power path that `servesId` of all meters makes. O(points + edges). */
export function buildPowerTree(points: Iterable<DescribedPoint>): PowerTree {
  const problems: Problem[] = [];
  const drafts = collect(points, problems);
  const parents = new Map<string, string[]>([...drafts.keys()].map((id) => [id, []]));
  for (const { id, kind, serves } of drafts.values()) {
    if (kind !== "meter") continue; // a CDU serves racks too, but with water
    for (const child of serves) {
      const known = parents.get(child);
      if (known !== undefined) known.push(id);
      else problems.push({ code: "tree.unknown-id", path: id, value: child, rule: "servesId names what no metadata describes" });
    }
  }

  const order = sort(drafts, parents, problems);
  const index = new Map(order.map((id, i) => [id, i]));
  const parentsOf = order.map((id) => parents.get(id)!.flatMap((parent) => index.get(parent) ?? []));
  const children: number[][] = order.map(() => []);
  parentsOf.forEach((above, n) => above.forEach((parent) => children[parent].push(n)));
  const nodes = order.map((id, n): TreeNode => {
    const { name, kind, objectType, powerSlot } = drafts.get(id)!;
    return { id, name, kind, objectType, parents: parentsOf[n], children: children[n], powerSlot };
  });
  const roots = nodes.flatMap(({ kind, parents: above }, n) => (above.length === 0 && kind === "meter" ? [n] : []));
  return { nodes, index, roots, problems };
}

function collect(points: Iterable<DescribedPoint>, problems: Problem[]): Map<string, Draft> {
  const drafts = new Map<string, Draft>();
  for (const { slot, metadata } of points) {
    const { objectType, pointType, objectId, objectName, rackLocationId, rackLocationName, servesId = [], engUnit } = metadata;
    const id = rackLocationId ?? objectId;
    if (id === undefined || objectType === "System" || objectType === "Sensor") continue;
    let draft = drafts.get(id);
    if (draft === undefined) {
      const kind = objectType === "Rack" ? "rack" : objectType === "PowerMeter" ? "meter" : "equipment";
      draft = { id, name: rackLocationName ?? objectName ?? id, kind, objectType, serves: new Set(), powerSlot: undefined };
      drafts.set(id, draft);
    }
    for (const child of servesId) draft.serves.add(child);
    if (pointType !== "RackPower" && pointType !== "ActivePower") continue;
    if (parseEngUnit(engUnit ?? "")?.quantity === "power") draft.powerSlot = slot;
    else problems.push({ code: "tree.unit", path: id, value: engUnit ?? "", rule: `is no unit of power, so ${pointType} is not read` });
  }
  return drafts;
}

/** Ids with parents before children; what stands on a cycle, or below one, is left out and told. */
function sort(drafts: ReadonlyMap<string, Draft>, parents: ReadonlyMap<string, readonly string[]>, problems: Problem[]): string[] {
  const waiting = new Map([...parents].map(([id, above]) => [id, above.length]));
  const order = [...waiting].flatMap(([id, count]) => (count === 0 ? [id] : []));
  for (let next = 0; next < order.length; next++) {
    const { kind, serves } = drafts.get(order[next])!;
    if (kind !== "meter") continue;
    for (const child of serves) {
      const count = waiting.get(child);
      if (count === undefined) continue;
      waiting.set(child, count - 1);
      if (count === 1) order.push(child);
    }
  }
  const left = [...waiting].flatMap(([id, count]) => (count > 0 ? [id] : []));
  if (left.length > 0) {
    const shown = left.slice(0, 5).join(", ");
    const value = left.length > 5 ? `${shown} and ${left.length - 5} more` : shown;
    problems.push({ code: "tree.cycle", value, rule: "these feed each other in a circle, or hang below one" });
  }
  return order;
}
