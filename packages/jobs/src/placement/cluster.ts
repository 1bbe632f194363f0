import { isShare, type Shape, WHOLE_CARD } from "./shape.ts";

export interface NodeSpec {
  readonly cpuMilli: number;
  readonly memoryMiB: number;
  readonly gpus: number;
  readonly gpuType: string;
}

/** Cards of a node at most. */
export const MAX_CARDS = 16;
/** Kinds of work told apart by how they take cards: a share, then by number of whole cards. */
const KINDS = MAX_CARDS + 1;

/** Where a piece of work was put: enough to take it away again. */
export interface Seat {
  readonly node: number;
  readonly shape: Shape;
  /** Cards of the node that it uses. */
  readonly cards: readonly number[];
}

/** What is free on each node, by columns: a search for a place reads thousands of nodes. */
export class Cluster {
  readonly count: number;
  readonly gpuType: readonly string[];
  readonly freeCpuMilli: Float64Array;
  readonly freeMemoryMiB: Float64Array;
  readonly cards: Uint8Array;
  /** Free thousandths of each card; a node's begin at `node · MAX_CARDS`. */
  readonly freeMilli: Int16Array;
  /** Sum of a node's `freeMilli`. */
  readonly freeGpuMilli: Int32Array;
  /** Changes with everything put on a node or taken away: a score made at the same number still holds. */
  readonly version: Int32Array;
  /** Largest node, for scores that compare with it. */
  readonly mostCpuMilli: number;
  readonly mostGpuMilli: number;
  readonly totalGpuMilli: number;
  readonly #pieces: Uint16Array;

  constructor(nodes: readonly NodeSpec[]) {
    const widest = Math.max(0, ...nodes.map(({ gpus }) => gpus));
    if (widest > MAX_CARDS) throw new Error(`a node of ${widest} cards; ${MAX_CARDS} at most`);
    this.count = nodes.length;
    this.gpuType = nodes.map(({ gpuType }) => gpuType);
    this.freeCpuMilli = Float64Array.from(nodes, ({ cpuMilli }) => cpuMilli);
    this.freeMemoryMiB = Float64Array.from(nodes, ({ memoryMiB }) => memoryMiB);
    this.cards = Uint8Array.from(nodes, ({ gpus }) => gpus);
    this.freeGpuMilli = Int32Array.from(nodes, ({ gpus }) => gpus * WHOLE_CARD);
    this.freeMilli = new Int16Array(nodes.length * MAX_CARDS);
    for (const [i, { gpus }] of nodes.entries()) this.freeMilli.fill(WHOLE_CARD, i * MAX_CARDS, i * MAX_CARDS + gpus);
    this.version = new Int32Array(nodes.length);
    this.mostCpuMilli = Math.max(1, ...this.freeCpuMilli);
    this.mostGpuMilli = Math.max(1, widest * WHOLE_CARD);
    this.totalGpuMilli = this.freeGpuMilli.reduce((sum, milli) => sum + milli, 0);
    this.#pieces = new Uint16Array(nodes.length * KINDS);
  }

  fits(node: number, shape: Shape): boolean {
    if (this.freeCpuMilli[node] < shape.cpuMilli || this.freeMemoryMiB[node] < shape.memoryMiB) return false;
    if (shape.gpus === 0) return true;
    if (shape.gpuTypes !== undefined && !shape.gpuTypes.has(this.gpuType[node])) return false;
    let wide = 0;
    const from = node * MAX_CARDS;
    for (let i = from; i < from + this.cards[node]; i++) if (this.freeMilli[i] >= shape.gpuMilli) wide++;
    return wide >= shape.gpus;
  }

  /** The fullest card that still takes the shape: where nothing says better, shares are stacked. -1 when none does. */
  tightestCard(node: number, shape: Shape): number {
    const from = node * MAX_CARDS;
    let best = -1;
    for (let card = 0; card < this.cards[node]; card++) {
      const free = this.freeMilli[from + card];
      if (free >= shape.gpuMilli && (best < 0 || free < this.freeMilli[from + best])) best = card;
    }
    return best;
  }

  /** Does work that takes cards as this shape does run on the node, and only such work? */
  sharesNodeWith(node: number, shape: Shape): "alike" | "mixed" | "others" | "nobody" {
    const kind = kindOf(shape);
    let others = false;
    for (let k = 0; k < KINDS; k++) others ||= k !== kind && this.#pieces[node * KINDS + k] > 0;
    if (this.#pieces[node * KINDS + kind] > 0) return others ? "mixed" : "alike";
    return others ? "others" : "nobody";
  }

  /** Puts a shape that fits on a node; a share on the card named. */
  put(node: number, shape: Shape, card: number): Seat {
    const from = node * MAX_CARDS;
    const cards: number[] = [];
    if (isShare(shape)) cards.push(card);
    else for (let c = 0; cards.length < shape.gpus; c++) if (this.freeMilli[from + c] >= shape.gpuMilli) cards.push(c);
    const seat = { node, shape, cards };
    this.#change(seat, -1);
    return seat;
  }

  /** Takes a shape away again. */
  take(seat: Seat): void {
    this.#change(seat, 1);
  }

  #change({ node, shape, cards }: Seat, sign: 1 | -1): void {
    this.freeCpuMilli[node] += sign * shape.cpuMilli;
    this.freeMemoryMiB[node] += sign * shape.memoryMiB;
    for (const card of cards) this.freeMilli[node * MAX_CARDS + card] += sign * shape.gpuMilli;
    this.freeGpuMilli[node] += sign * shape.gpus * shape.gpuMilli;
    if (shape.gpus > 0) this.#pieces[node * KINDS + kindOf(shape)] -= sign;
    this.version[node]++;
  }
}

function kindOf(shape: Shape): number {
  return isShare(shape) ? 0 : shape.gpus;
}
