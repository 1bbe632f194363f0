import type { Tenant } from "@pulmu/site";
import type { WorkMix } from "./work-mix.ts";

export type ServiceClass = Tenant["serviceClass"];

/** Something that runs on GPUs, as whoever placed it tells of it. */
export interface Work {
  readonly id: string;
  readonly serviceClass: ServiceClass;
  /** Worth of one GPU at full speed, beside others of its class; 1 = usual. */
  readonly value: number;
  /** A gang waits for its slowest rack: watts that make one of its racks faster than the others are wasted. */
  readonly gang: boolean;
  readonly mix: WorkMix;
  /**
   * Power that keeps what it promised, 0…1 from the lowest cap of its GPUs to the one that slows nothing: that much is given before any
   * other work of its class or below, power beyond it only shortens waits. Left out: it promised nothing.
   */
  readonly need?: number | undefined;
  readonly pieces: readonly { readonly rack: number; readonly gpus: number }[];
}
