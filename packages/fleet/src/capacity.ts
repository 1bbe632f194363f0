import { type FleetNode, type Health, HEALTHS, isAvailable, type NodeState, NODE_STATES } from "./node.ts";

/** What there is of one type. */
export interface Capacity {
  readonly typeId: string;
  readonly nodes: number;
  readonly gpus: number;
  /** GPUs on nodes that may get new work now. */
  readonly availableGpus: number;
  readonly gpusByState: Readonly<Record<NodeState, number>>;
  readonly gpusByHealth: Readonly<Record<Health, number>>;
}

export function capacityByType(nodes: readonly FleetNode[]): readonly Capacity[] {
  return [...Map.groupBy(nodes, ({ typeId }) => typeId)].map(([typeId, alike]) => capacityOf(typeId, alike));
}

function capacityOf(typeId: string, nodes: readonly FleetNode[]): Capacity {
  const sum = (list: readonly FleetNode[]) => list.reduce((total, { gpus }) => total + gpus, 0);
  const by = <K extends string>(keys: readonly K[], of: (node: FleetNode) => K) =>
    Object.fromEntries(keys.map((key) => [key, sum(nodes.filter((node) => of(node) === key))])) as Record<K, number>;
  return {
    typeId,
    nodes: nodes.length,
    gpus: sum(nodes),
    availableGpus: sum(nodes.filter(isAvailable)),
    gpusByState: by(NODE_STATES, ({ state }) => state),
    gpusByHealth: by(HEALTHS, ({ health }) => health),
  };
}
