import { latestCheckpoint, readEntries, readHead, readResource, verifyJournal } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { z } from "zod";
import { type Operation, operation } from "../operation.ts";
import * as schema from "../schemas.ts";
import { MAX_PAGE, permit } from "./permit.ts";

/** Who did what. */
export const journalOperations: readonly Operation[] = [
  operation({
    id: "listJournal",
    method: "get",
    path: "/journal/entries",
    tag: "journal",
    summary: "Journal entries from a number on, by default the last",
    query: z.strictObject({
      from: z.coerce.number().int().min(0).optional(),
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
    }),
    answer: z.array(schema.entry),
    run: async ({ house, by, query }) => {
      permit(by, "journal.read", undefined);
      const from = query.from ?? Math.max(0, (await readHead(house.store)).size - query.limit);
      return readEntries(house.store, from, from + query.limit);
    },
  }),
  operation({
    id: "checkpoint",
    method: "get",
    path: "/journal/log/checkpoint",
    tag: "journal",
    summary: "The newest signed checkpoint (c2sp.org/tlog-checkpoint)",
    answer: "text/plain",
    run: async ({ house, by }) => {
      permit(by, "journal.read", undefined);
      return (await latestCheckpoint(house.store)) ?? missing("checkpoint");
    },
  }),
  operation({
    id: "tile",
    method: "get",
    path: "/journal/log/tile/{path…}",
    tag: "journal",
    summary: "A tile or entry bundle (c2sp.org/tlog-tiles)",
    answer: "application/octet-stream",
    run: async ({ house, by, path }) => {
      permit(by, "journal.read", undefined);
      return (await readResource(house.store, `tile/${path["path"]}`)) ?? missing(path["path"]);
    },
  }),
  operation({
    id: "verifyJournal",
    method: "get",
    path: "/journal/verify",
    tag: "journal",
    summary: "Find any entry that was changed, dropped, reordered, inserted or forked",
    answer: schema.journalReport,
    run: async ({ house, by }) => {
      permit(by, "journal.read", undefined);
      return verifyJournal(house.store, { verifierKey: (await house.signer()).verifierKey });
    },
  }),
  operation({
    id: "journalKey",
    method: "get",
    path: "/journal/key",
    tag: "journal",
    summary: "The key that verifies the journal (c2sp.org/signed-note)",
    answer: z.object({ verifierKey: z.string() }),
    run: async ({ house, by }) => {
      permit(by, "journal.read", undefined);
      return { verifierKey: (await house.signer()).verifierKey };
    },
  }),
];

function missing(path: string): never {
  throw new PulmuError({ code: "journal.unknown", value: path, rule: "not there" });
}
