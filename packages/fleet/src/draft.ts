import type { Principal } from "@pulmu/govern";
import type { Draft, Json } from "@pulmu/journal";

/** An entry of the journal to be. */
export function draft(by: Principal, kind: string, subject: string, data: { readonly [name: string]: Json }): Draft {
  return { kind, actor: by.id, subject, data };
}
