import { toSi } from "../contracts/eng-units.ts";
import { QUALITY_GOOD } from "../contracts/bms.ts";
import type { FindingLog } from "./finding.ts";
import { unitOf } from "./plausible.ts";
import type { PointState } from "./points.ts";

/** One thing that points belong to: equipment by objectId, or a rack by its location. */
interface PathNode {
  readonly id: string;
  readonly objectType: string;
  readonly name: string;
  readonly serves: readonly string[];
  /** Last good power, W. */
  powerW: number | undefined;
}

const UNIT_FACTOR = 100;

/** Builds the path that servesId and associateId make, of one cluster, and checks that power can flow along it. */
export function checkPowerPath(states: Iterable<PointState>, log: FindingLog, endMs: number): void {
  const described = [...states].filter(({ metadata }) => metadata !== undefined);
  const nodes = collect(described, log, endMs);
  if (nodes.size === 0) return;
  const isWhole = checkNames(described, nodes, log, endMs);
  const served = new Set([...nodes.values()].flatMap(({ serves }) => serves));
  const meters = [...nodes.values()].filter(({ objectType }) => objectType === "PowerMeter");
  for (const meter of meters) {
    if (meter.serves.length === 0 && !served.has(meter.id)) log.note("graph.orphan-meter", meter.id, endMs);
  }
  const hasCycle = checkCycles(nodes, log, endMs);
  checkMetered(nodes, meters, isWhole, log, endMs);
  if (!hasCycle) checkParallel(nodes, meters, log, endMs); // on a cycle everything is served twice
  checkPower(nodes, log, endMs);
}

/** Nodes by id, from the metadata of all points of each. */
function collect(described: readonly PointState[], log: FindingLog, endMs: number): ReadonlyMap<string, PathNode> {
  const nodes = new Map<string, PathNode>();
  for (const { metadata, value } of described) {
    const { objectType, pointType, objectId, objectName, rackLocationId, rackLocationName, servesId } = metadata!;
    const id = rackLocationId ?? objectId;
    if (id === undefined || objectType === "System") continue;
    const name = rackLocationName ?? objectName ?? id;
    const known = nodes.get(id);
    const node = known ?? { id, objectType, name, serves: servesId ?? [], powerW: undefined };
    if (known === undefined) nodes.set(id, node);
    else if (known.name !== name) log.note("graph.conflict", id, endMs, { value: `${known.name}, ${name}`, hint: "two names" });
    else if (known.objectType !== objectType) {
      log.note("graph.conflict", id, endMs, { value: `${known.objectType}, ${objectType}`, hint: "two object types" });
    } else if (servesId !== undefined && servesId.toSorted().join() !== known.serves.toSorted().join()) {
      log.note("graph.conflict", id, endMs, {
        value: `[${known.serves.join()}], [${servesId.join()}]`,
        hint: "two lists of what it serves",
      });
    }
    const isPower = pointType === "RackPower" || pointType === "ActivePower";
    const unit = unitOf(metadata!);
    if (isPower && unit !== undefined && typeof value?.value === "number" && value.quality === QUALITY_GOOD) {
      node.powerW = toSi(value.value, unit);
    }
  }
  return nodes;
}

/**
 * Ids that are named but described nowhere.
 * @returns whether all that is served was described
 */
function checkNames(described: readonly PointState[], nodes: ReadonlyMap<string, PathNode>, log: FindingLog, endMs: number): boolean {
  let isWhole = true;
  for (const { id, serves } of nodes.values()) {
    for (const to of serves.filter((name) => !nodes.has(name))) {
      log.note("graph.dangling", id, endMs, { path: `servesId ${to}` });
      isWhole = false;
    }
  }
  for (const { metadata, topic } of described) {
    const id = metadata!.associateId;
    if (id !== undefined && !nodes.has(id)) log.note("graph.unknown-associate", topic.point, endMs, { path: "associateId", value: id });
  }
  return isWhole;
}

/** Depth-first, without recursion: a chain may be as long as it likes. Each node is entered once. */
function checkCycles(nodes: ReadonlyMap<string, PathNode>, log: FindingLog, endMs: number): boolean {
  let found = false;
  const done = new Set<string>();
  for (const root of nodes.keys()) {
    const path: string[] = [];
    const onPath = new Set<string>();
    const stack: { readonly id: string; next: number }[] = [];
    const enter = (id: string) => {
      stack.push({ id, next: 0 });
      path.push(id);
      onPath.add(id);
    };
    if (!done.has(root)) enter(root);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const to = nodes.get(top.id)?.serves[top.next++];
      if (to === undefined) {
        done.add(top.id);
        onPath.delete(top.id);
        path.pop();
        stack.pop();
      } else if (onPath.has(to)) {
        const loop = path.slice(path.indexOf(to));
        const from = loop.toSorted()[0]; // the same subject wherever the walk began
        log.note("graph.cycle", from, endMs, { value: [...loop, to].join(" → ") });
        found = true;
      } else if (!done.has(to) && nodes.has(to)) enter(to);
    }
  }
  return found;
}

function checkMetered(
  nodes: ReadonlyMap<string, PathNode>,
  meters: readonly PathNode[],
  isWhole: boolean,
  log: FindingLog,
  endMs: number,
): void {
  const metered = reach(
    nodes,
    meters.map(({ id }) => id),
  );
  for (const { id, objectType } of nodes.values()) {
    if (objectType !== "Rack" || metered.has(id)) continue;
    if (isWhole) log.note("graph.unmetered-rack", id, endMs);
    else log.note("graph.unmetered-rack", id, endMs, { severity: "warning", hint: "unless by an object that was never described" });
  }
}

/** Ids that are served by any of `from`, also through others. */
function reach(nodes: ReadonlyMap<string, PathNode>, from: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const queue = from.flatMap((id) => nodes.get(id)?.serves ?? []);
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    queue.push(...(nodes.get(id)?.serves ?? []));
  }
  return reached;
}

/** Two feeds to one rack are two paths; a meter that serves a rack both directly and through another meter is one path counted twice. */
function checkParallel(nodes: ReadonlyMap<string, PathNode>, meters: readonly PathNode[], log: FindingLog, endMs: number): void {
  for (const { id, serves } of meters) {
    if (serves.length < 2) continue;
    const further = reach(nodes, serves);
    for (const to of serves) {
      if (further.has(to) && to !== id) log.note("graph.parallel-path", id, endMs, { path: `servesId ${to}` });
    }
  }
}

/**
 * Meters above an object can show more than it draws, when they feed others too, but not far less; and a meter cannot show far more than
 * all that it feeds. A factor of a hundred between them is no loss: it is kW published as W or the other way.
 */
function checkPower(nodes: ReadonlyMap<string, PathNode>, log: FindingLog, endMs: number): void {
  const above = new Map<string, PathNode[]>();
  for (const meter of nodes.values()) {
    if (meter.objectType !== "PowerMeter") continue;
    const below = meter.serves.map((id) => nodes.get(id));
    for (const node of below) {
      if (node === undefined) continue;
      const list = above.get(node.id);
      if (list === undefined) above.set(node.id, [meter]);
      else list.push(meter);
    }
    const belowW = totalW(below);
    if (meter.powerW !== undefined && belowW !== undefined && belowW > 1000 && meter.powerW > belowW * UNIT_FACTOR) {
      suspect(meter.id, `${meter.id} shows ${kW(meter.powerW)}, all that it serves draws ${kW(belowW)}`, log, endMs);
    }
  }
  for (const [id, meters] of above) {
    const drawW = nodes.get(id)?.powerW ?? 0;
    const feedW = totalW(meters);
    if (feedW === undefined || drawW <= Math.max(1000, feedW * UNIT_FACTOR)) continue;
    suspect(id, `${id} draws ${kW(drawW)}, what serves it shows ${kW(feedW)}`, log, endMs);
  }
}

/** Sum of powers; undefined unless each is known. */
function totalW(nodes: readonly (PathNode | undefined)[]): number | undefined {
  if (nodes.length === 0 || nodes.some((node) => node?.powerW === undefined)) return undefined;
  return nodes.reduce((sum, node) => sum + node!.powerW!, 0);
}

function suspect(id: string, value: string, log: FindingLog, endMs: number): void {
  log.note("bms.unit-suspect", id, endMs, { path: "power", value, hint: "one of them is in another unit than it says" });
}

function kW(powerW: number): string {
  return `${Math.round(powerW / 100) / 10} kW`;
}
