import type { Whoami } from "./sessions.ts";

/** `/api/console`: who looks, and what this factory offers them. */
export interface ConsoleFacts {
  readonly who: Whoami | null;
  /** Racks are held to limits here: there are targets, quotes and events. */
  readonly steers: boolean;
  /** The pages may speak for the grid here. */
  readonly mayPlayGrid: boolean;
  readonly accounts: boolean;
  /** The gateway's own address, for clients. */
  readonly gateway: string | null;
  /** The clock can be turned back to here. */
  readonly oldestMs: number;
}
