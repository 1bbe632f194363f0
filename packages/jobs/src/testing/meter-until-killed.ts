/** Runs and meters jobs in a twin, a hundred times as fast as the wall, until it is killed: `node meter-until-killed.ts CONFIG`. */
import { readFileSync } from "node:fs";
import { openStore } from "@pulmu/journal";
import { Ledger, recordReading } from "@pulmu/ledger";
import { JobBook } from "../book/job-book.ts";
import { TwinEngine } from "../engines/twin/twin.ts";
import { JobRunner } from "../run/runner.ts";
import { FACTS } from "./job-house.ts";
import { LastingMeter } from "./lasting-meter.ts";

export interface MeterConfig {
  readonly address: string;
  /** The fast clock shows this at the wall's `wallMs`. */
  readonly startMs: number;
  readonly wallMs: number;
}

const FASTER = 100;
const calendar = { utcOffsetMin: 540 };
const { address, startMs, wallMs } = JSON.parse(readFileSync(process.argv[2], "utf8")) as MeterConfig;
const now = () => startMs + Math.floor((Date.now() - wallMs) * FASTER);
const store = await openStore(address);
const book = new JobBook(store);
const engine = new TwinEngine({ racks: [{ id: "r1", trays: 8, gpusPerTray: 8 }], now, speedOf: () => 1 });
const ledger = await Ledger.open(store, { calendar, now });
const runner = new JobRunner({
  book,
  engine,
  files: engine.files,
  power: { now: () => ({ budgetW: Infinity, cause: undefined }) },
  cluster: FACTS,
  meter: new LastingMeter(() => (now() - startMs) * 40),
  ledger,
  keepReading: (reading) => recordReading(store, calendar, reading),
  houseId: await book.houseId(() => "hkill"),
  now,
  complain: (text) => process.stderr.write(`${text}\n`),
});
runner.start();
process.stdout.write("runs\n");
process.once("SIGTERM", async () => {
  await runner.close();
  await ledger.close();
  await store.close();
});
