import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStore } from "@pulmu/journal";
import { afterPowerCut, traceFiles } from "@pulmu/journal/testing";
import { random } from "@pulmu/units";
import { computeStatement } from "../books/statement.ts";
import { dayOf, monthOf } from "../calendar.ts";
import { Ledger } from "../ledger.ts";
import { checkRollups } from "../usage/rollups.ts";
import { KOREA, prepared } from "./factory.ts";
import type { Load } from "./kill-load.ts";

const LINES = 3_000;

/** Cuts the power (in a copy of what the disk had synced) at random moments of an instance under load on SQLite, and checks the books. */
export async function powerCuts(
  folder: string,
  cuts: number,
  seed: number,
): Promise<{ cuts: number; acknowledged: number; findings: readonly string[] }> {
  const file = join(folder, "ledger.db");
  const load: Load = { address: file, name: "p", seed, callers: 24, resend: [] };
  writeFileSync(join(folder, "load.json"), JSON.stringify(load));
  const events = await traceFiles(folder, LINES, [fileURLToPath(new URL("./kill-load.ts", import.meta.url)), join(folder, "load.json")]);
  const ready = events.findIndex((event) => event.kind === "said" && event.line === "R");
  const randomness = random(seed, "power");
  const findings: string[] = [];
  for (let round = 0; round < cuts && findings.length === 0; round++) {
    const cut = ready + 1 + Math.floor(randomness.next() * (events.length - ready - 1));
    const place = join(folder, `cut-${round}`);
    mkdirSync(place);
    afterPowerCut(events, cut, place, round % 2 === 0 ? undefined : randomness);
    const said = events.slice(0, cut).flatMap((event) => (event.kind === "said" ? [event.line] : []));
    const acknowledged = new Set(said.flatMap((line) => (line.startsWith("A ") ? [line.slice(2)] : [])));
    const store = await prepared(await openStore(join(place, "ledger.db")));
    const rows = await store.query<{ id: string }>("select id from usage_records");
    const there = new Set(rows.map(({ id }) => id));
    if (there.size !== rows.length) findings.push(`cut ${cut}: a record is there twice`);
    for (const id of acknowledged) if (!there.has(id)) findings.push(`cut ${cut}: ${id} was acknowledged and is lost`);
    const ledger = await Ledger.open(store, { calendar: KOREA, now: () => Date.now() });
    await ledger.close();
    const month = monthOf(dayOf(Date.now(), KOREA)).text;
    for (const tenant of ["t0", "t1", "t2"])
      if (
        JSON.stringify(await computeStatement(store, tenant, month)) !==
        JSON.stringify(await computeStatement(store, tenant, month, "records"))
      )
        findings.push(`cut ${cut}: the statement of ${tenant} is not its replay`);
    findings.push(...(await checkRollups(store)).map((where) => `cut ${cut}: sums differ: ${where}`));
    await store.close();
    rmSync(place, { recursive: true });
  }
  return { cuts, acknowledged: events.filter((event) => event.kind === "said" && event.line.startsWith("A ")).length, findings };
}
