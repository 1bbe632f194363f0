import { PulmuError } from "@pulmu/units";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** What happened, as the room says it. */
export interface Draft {
  /** `room.thing.happened`, such as `govern.key.created`. */
  readonly kind: string;
  /** Who did it: a person, a service account, `system`. */
  readonly actor: string;
  /** What it was done to. */
  readonly subject: string;
  readonly data?: { readonly [name: string]: Json };
  /** W3C trace context of the request or grid message behind it. */
  readonly traceparent?: string;
}

export interface Entry extends Draft {
  readonly seq: number;
  /** Leaf hash of the entry before, hex; 64 zeros for the first. */
  readonly prev: string;
  readonly atMs: number;
  /** Set when the clock stood before the entry before: what it showed. The entry keeps that one's time. */
  readonly clockMs?: number;
}

/** The two-byte length of c2sp.org/tlog-tiles allows no more. Larger matter goes by its hash. */
export const MAX_ENTRY_BYTES = 65_535;

/** How an entry's text begins: what chains it to its place. */
export function entryStart(seq: number, prev: string): string {
  return `{"seq":${seq},"prev":"${prev}",`;
}

/** One line of JSON, `seq` and `prev` first. @throws PulmuError `journal.entry-size` */
export function encodeEntry({ seq, prev, ...rest }: Entry): Buffer {
  const bytes = Buffer.from(entryStart(seq, prev) + JSON.stringify(rest).slice(1));
  if (bytes.length > MAX_ENTRY_BYTES)
    throw new PulmuError({
      code: "journal.entry-size",
      path: rest.kind,
      value: `${bytes.length} bytes`,
      rule: `an entry has at most ${MAX_ENTRY_BYTES} bytes`,
      hint: "keep the large part elsewhere and its SHA-256 in the entry",
    });
  return bytes;
}

/** What the entry says. The bytes have been verified before, or are about to be. */
export function decodeEntry(bytes: Uint8Array): Entry {
  return JSON.parse(Buffer.from(bytes).toString()) as Entry;
}
