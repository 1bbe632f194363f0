import { DurationHistogram } from "./histogram.ts";

/** What a run adds up as it goes. */
export class Tally {
  /** Arrival to first token, s. */
  readonly ttft = new DurationHistogram();
  /** From each token to the next one of the same request, s. */
  readonly itl = new DurationHistogram();
  /** Mean of those over one request, s. */
  readonly tpot = new DurationHistogram();
  /** Arrival to last token, s. */
  readonly e2e = new DurationHistogram();
  arrived = 0;
  completed = 0;
  outputTokens = 0;
  /** Prompt tokens computed, recomputed ones after a preemption or failure included. */
  prefillTokens = 0;
  /** Prompt tokens found in a prefix cache. */
  cachedTokens = 0;
  preemptions = 0;
  /** Requests sent elsewhere because their replica failed. */
  rerouted = 0;
  /** Engine steps, and the runs of equal steps in which they were simulated. */
  steps = 0;
  runs = 0;
}
