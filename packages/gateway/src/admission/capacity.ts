/** Who gives way when there is not enough: flexible work first, critical work last. */
export const SERVICE_CLASSES = ["critical", "standard", "flexible"] as const;
export type ServiceClass = (typeof SERVICE_CLASSES)[number];

/** Less power than the work would take: flexible work waits. */
export interface Curtailment {
  /** For who is refused: `grid target 48 MW until 19:00`. */
  readonly reason: string;
  /** Epoch ms; undefined when nobody knows. */
  readonly untilMs: number | undefined;
  /** Part of its usual places that flexible work keeps, 0…1. */
  readonly flexibleShare: number;
  /** Of what made it so: the grid's message. */
  readonly traceparent?: string;
}

/** What the power room says that there is. */
export interface Capacity {
  /** Undefined: power for all. About a microsecond: it is asked for each request. */
  curtailment(nowMs: number): Curtailment | undefined;
}

export const FULL_POWER: Capacity = { curtailment: () => undefined };
