import { PulmuError } from "@pulmu/units";
import { type NoteSigner, openNote } from "./note.ts";

/** What a log commits itself to (c2sp.org/tlog-checkpoint): this many entries, with this Merkle root. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): string {
  return signer.sign(`${checkpoint.origin}\n${checkpoint.size}\n${checkpoint.root.toString("base64")}\n`);
}

/** @throws PulmuError `journal.note` when it is not this key's, `journal.checkpoint` when it is not a checkpoint */
export function openCheckpoint(note: string, verifierKey: string): Checkpoint {
  const text = openNote(note, verifierKey);
  const match = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n$/.exec(text);
  const root = Buffer.from(match?.[3] ?? "", "base64");
  if (match === null || root.toString("base64") !== match[3])
    throw new PulmuError({ code: "journal.checkpoint", value: text, rule: "not a checkpoint (origin, size, root hash)" });
  if (match[1] !== verifierKey.split("+")[0])
    throw new PulmuError({
      code: "journal.checkpoint",
      value: match[1],
      rule: "the checkpoint is another log's: its origin is not the key's name",
    });
  return { origin: match[1], size: Number(match[2]), root };
}
