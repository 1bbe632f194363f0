/** Why the budget is what it is: the grid event and the envelope behind it. */
export interface PowerCause {
  /** `load target 41.2 MW for the site until 18:00Z`. */
  readonly text: string;
  readonly traceparent: string;
}

/** What the power room grants all jobs together. */
export interface PowerState {
  /** W; Infinity = nobody limits it. */
  readonly budgetW: number;
  /** undefined = nothing but the contract. */
  readonly cause: PowerCause | undefined;
  /** What will hold from then on, if that is known: jobs are warned before. */
  readonly next?: { readonly fromMs: number; readonly budgetW: number } | undefined;
}

/** Asked at each step; answers from memory. */
export interface PowerSource {
  /** @param contractW all that these jobs may ever draw, W: what their nodes need, or what the engine counts */
  now(contractW: number): PowerState;
}
