import type { Replica } from "../replica.ts";

/**
 * Shares requests out among the replicas of a deployment, and keeps account of what it has given to whom. The engine tells it what
 * becomes of each request.
 */
export interface Router {
  /** Replica that computes this request's prompt, or undefined when none is on. */
  place(slot: number, nowS: number): Replica | undefined;
  /** Replica that decodes this request, whose KV cache comes from another one; undefined when none is on. */
  seat(slot: number, nowS: number): Replica | undefined;
  /** The prompt has been computed at this replica. */
  prefilled(slot: number, replica: Replica): void;
  /** The KV cache has left this replica for the one that decodes. */
  handedOver(slot: number, from: Replica): void;
  /** The request has its last token, or was lost with this replica and will be placed again. */
  left(slot: number, replica: Replica): void;
  /** The replica has no request any more. */
  idle(replica: Replica): void;
}
