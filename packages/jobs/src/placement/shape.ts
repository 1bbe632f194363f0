/** What one piece of work asks of a node. Many pieces ask the same: a shape is one object, told apart by identity. */
export interface Shape {
  readonly cpuMilli: number;
  readonly memoryMiB: number;
  /** Whole cards, or 1 for a part of one; 0 asks for none. */
  readonly gpus: number;
  /** Of each card, thousandths: 1000 = the whole card; less only with `gpus` 1; 0 with none. */
  readonly gpuMilli: number;
  /** Cards it can run on; undefined: on any. */
  readonly gpuTypes: ReadonlySet<string> | undefined;
}

/** Thousandths of a card. */
export const WHOLE_CARD = 1000;

export function isShare(shape: Shape): boolean {
  return shape.gpus === 1 && shape.gpuMilli < WHOLE_CARD;
}

/** Thousandths of cards that a shape takes in all. */
export function gpuMilliOf(shape: Shape): number {
  return shape.gpus * shape.gpuMilli;
}
