import type { BmcProfile } from "@pulmu/catalog";
import type { Cap, Held } from "../actuator.ts";
import type { Json, RedfishSession } from "./session.ts";

/** What a dialect speaks with: the session, the facts of the model, and the device's name for errors. */
export interface BmcTalk {
  readonly id: string;
  readonly session: RedfishSession;
  readonly profile: BmcProfile;
  /** What a GPU can be told and can draw, W: stands in where the BMC does not say. */
  readonly gpuMinW: number;
  readonly gpuMaxW: number;
}

/** One way of taking power limits over Redfish. */
export interface Dialect {
  read(signal: AbortSignal): Promise<Held>;
  /** Sends the changes, without looking at what came of them. */
  tell(cap: Cap, standing: boolean, signal: AbortSignal): Promise<void>;
  /** What it now keeps to, and how that differs from what it was told; may leave the power reading out. */
  verify(cap: Cap, signal: AbortSignal): Promise<Held>;
}

/** A number of an answer, or undefined when it is absent, null or no finite number. */
export function numberAt(json: Json, ...path: readonly string[]): number | undefined {
  let value: unknown = json;
  for (const key of path) value = typeof value === "object" && value !== null ? (value as Json)[key] : undefined;
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** A text of an answer, or undefined when it is none. */
export function textAt(json: Json, ...path: readonly string[]): string | undefined {
  let value: unknown = json;
  for (const key of path) value = typeof value === "object" && value !== null ? (value as Json)[key] : undefined;
  return typeof value === "string" ? value : undefined;
}

/** Does all, then throws the first failure: nothing is left running behind the caller's back. */
export async function allOf<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  const settled = await Promise.allSettled(work);
  for (const result of settled) if (result.status === "rejected") throw result.reason;
  return settled.map((result) => (result as PromiseFulfilledResult<T>).value);
}
