/** One request of a trace, in any format. What the request-level model replays and what the fluid model adds up. */
export interface Request {
  /** Arrival, seconds since the first request of the trace; never decreasing along a trace. */
  readonly atS: number;
  /** 1 … MAX_TOKENS. */
  readonly promptTokens: number;
  /** 1 … MAX_TOKENS. */
  readonly outputTokens: number;
  /**
   * Ids of the prompt's blocks of BLOCK_TOKENS tokens, first block first, the last one possibly part-filled. Equal ids mean equal
   * prefixes, so that their key-value cache may be shared. Absent where the trace tells nothing of the content.
   */
  readonly blocks?: readonly number[];
  /** Lower goes first. Absent where the trace has no classes. */
  readonly priority?: number;
}

/** Tokens in one prefix block, as Mooncake's traces count them (https://github.com/kvcache-ai/Mooncake, FAST'25 traces). */
export const BLOCK_TOKENS = 512;

/** More than any model takes or gives in one request: a larger number in a trace is a mistake. */
export const MAX_TOKENS = 16_777_216;
