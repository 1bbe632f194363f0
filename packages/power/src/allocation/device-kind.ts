/**
 * Devices with the same curve and weight, counted by budget node: they climb the same steps at the same worth, so an allocation
 * handles them as one. Columns run over the nodes that have such devices at or below them, parents before children.
 */
export class DeviceKind {
  readonly curve: number;
  readonly weight: number;
  /** Devices of this kind, in no order. */
  readonly members: number[] = [];
  nodes = new Int32Array(0);
  /** Place of each node's parent in the columns, −1 for a root. */
  parents = new Int32Array(0);
  /** Devices at the node itself. */
  own = new Int32Array(0);
  /** False after a change of members, until `count` has run. */
  counted = false;

  // State of one allocation.
  /** Places in the columns below which devices still climb; `liveCount` of them. */
  live = new Int32Array(0);
  liveCount = 0;
  /** Devices at or below the node that still climb. */
  climbing = new Int32Array(0);
  /** Watts above their minimum at which the devices of a node were stopped by a full budget; NaN while they climb. */
  stoppedAtW = new Float64Array(0);
  /** Devices that still climb. */
  left = 0;
  /** Watts above their minimum that climbing devices have reached. */
  levelW = 0;
  /** How many nodes were closed when this kind last looked. */
  closedSeen = 0;

  constructor(curve: number, weight: number) {
    this.curve = curve;
    this.weight = weight;
  }

  /**
   * Counts members by node. Cost: members, and used nodes × depth.
   * @param scratch one entry for each node of the tree, all −1; left so
   */
  count(nodeOf: Int32Array, parent: Int32Array, scratch: Int32Array): void {
    const nodes: number[] = [];
    const visit = (node: number): void => {
      if (node < 0 || scratch[node] >= 0) return;
      visit(parent[node]);
      scratch[node] = nodes.length;
      nodes.push(node);
    };
    for (const device of this.members) visit(nodeOf[device]);
    this.nodes = Int32Array.from(nodes);
    this.parents = this.nodes.map((node) => (parent[node] < 0 ? -1 : scratch[parent[node]]));
    this.own = new Int32Array(nodes.length);
    for (const device of this.members) this.own[scratch[nodeOf[device]]]++;
    for (const node of nodes) scratch[node] = -1;
    this.live = new Int32Array(nodes.length);
    this.climbing = new Int32Array(nodes.length);
    this.stoppedAtW = new Float64Array(nodes.length);
    this.counted = true;
  }

  /** Everybody at the foot of the curve. */
  reset(): void {
    this.levelW = 0;
    this.closedSeen = 0;
    this.stoppedAtW.fill(NaN);
    this.liveCount = this.nodes.length;
    for (let i = 0; i < this.liveCount; i++) this.live[i] = i;
    this.#sum();
  }

  /** Stops the devices at and below closed nodes, at a level; marks what lies below a closed node as closed. */
  stop(closed: Uint8Array, atW: number): void {
    const { live, nodes, parents, stoppedAtW } = this;
    for (let i = 0; i < this.liveCount; i++) {
      const at = live[i];
      if (parents[at] >= 0 && closed[nodes[parents[at]]] === 1) closed[nodes[at]] = 1;
      if (closed[nodes[at]] === 1) stoppedAtW[at] = atW;
    }
    this.#sum();
  }

  /** Adds up who climbs, from the leaves, and forgets places where nobody does. */
  #sum(): void {
    const { live, climbing, parents, own, stoppedAtW } = this;
    for (let i = 0; i < this.liveCount; i++) climbing[live[i]] = Number.isNaN(stoppedAtW[live[i]]) ? own[live[i]] : 0;
    this.left = 0;
    for (let i = this.liveCount - 1; i >= 0; i--) {
      const at = live[i];
      if (parents[at] >= 0) climbing[parents[at]] += climbing[at];
      else this.left += climbing[at];
    }
    let kept = 0;
    for (let i = 0; i < this.liveCount; i++) if (climbing[live[i]] > 0) live[kept++] = live[i];
    this.liveCount = kept;
  }
}
