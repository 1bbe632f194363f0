// One instance under load, for the kill tests: reserves, is served, settles, and says on standard output what was served ("S", with the record)
// and what was acknowledged ("A", with its id). It works until somebody kills it.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore } from "@pulmu/journal";
import { PulmuError, random } from "@pulmu/units";
import { Ledger } from "../ledger.ts";
import type { UsageRecord } from "../usage/record.ts";
import { say } from "./say.ts";

/** What the parent hands over. */
export interface Load {
  readonly address: string;
  readonly name: string;
  readonly seed: number;
  readonly callers: number;
  /** Served in an earlier life, never acknowledged: sent again under the same ids. */
  readonly resend: readonly UsageRecord[];
}

const { address, name, seed, callers, resend } = JSON.parse(readFileSync(process.argv[2], "utf8")) as Load;
const randomness = random(seed, name);
const pick = (below: number) => Math.floor(randomness.next() * below);

/** The database may be away while we start: we come again, as a service would. */
async function open(): Promise<Ledger> {
  for (;;) {
    try {
      const ledger = await Ledger.open(await openStore(address), {
        calendar: { utcOffsetMin: 540 },
        now: () => Date.now(),
        patienceMs: 60_000,
      });
      ledger.start();
      return ledger;
    } catch (error) {
      if (!(error instanceof PulmuError) || !error.code.startsWith("store.")) throw error;
      await sleep(50);
    }
  }
}

const ledger = await open();
say("R");
for (const record of resend) {
  await ledger.record(record);
  say(`A ${record.id}`);
}

let count = 0;
async function work(): Promise<void> {
  for (;;) {
    const tenant = pick(3);
    const spender = { tenantId: `t${tenant}`, projectId: `t${tenant}/p`, keyId: `t${tenant}-k${pick(2)}`, modelId: "llama-3.1-70b" };
    const outputTokens = 1 + pick(500);
    let hold;
    try {
      hold = await ledger.reserve(spender, { meters: { requests: 1, promptTokens: 300, outputTokens: 500 } });
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      await sleep(10); // over the limit, or the database is away
      continue;
    }
    if (pick(10) === 0) await sleep(pick(20));
    const id = `${name}-${count++}`;
    const rest = {
      id,
      acceleratorId: "gb300",
      meters: { requests: 1, promptTokens: 300, outputTokens, itMilliJ: outputTokens * 2_000, facilityMilliJ: outputTokens * 2_200 },
    };
    say(`S ${JSON.stringify({ ...rest, ...spender, kind: "request", atMs: hold.atMs })}`);
    await ledger.settle(hold, rest);
    say(`A ${id}`);
    if (pick(20) === 0 && (await ledger.settle(hold, rest)) !== "duplicate") say(`X ${id} was recorded twice`);
  }
}
await Promise.all(Array.from({ length: callers }, work));
