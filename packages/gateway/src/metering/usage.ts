import { isObject } from "../http/read-body.ts";

/** Tokens that a model read and made. */
export interface Usage {
  /** All of the prompt, what came from a cache included. */
  readonly promptTokens: number;
  /** Of these, read from a prefix cache. */
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** At the machine, J, where the upstream has a meter and says so. */
  readonly energyJ?: number;
}

/** A count as upstreams write it; anything else counts as none. */
const count = (value: unknown): number => (Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0);

/** The `usage` of chat completions, completions, embeddings (`prompt_tokens`) and responses (`input_tokens`). Undefined: there is none. */
export function readUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined;
  const details = usage["prompt_tokens_details"] ?? usage["input_tokens_details"];
  const promptTokens = count(usage["prompt_tokens"] ?? usage["input_tokens"]);
  const energyJ = usage["energy_joules"];
  return {
    ...(typeof energyJ === "number" && energyJ >= 0 && energyJ < 1e12 ? { energyJ } : undefined),
    promptTokens,
    cachedTokens: Math.min(promptTokens, isObject(details) ? count(details["cached_tokens"]) : 0),
    outputTokens: count(usage["completion_tokens"] ?? usage["output_tokens"]),
  };
}
