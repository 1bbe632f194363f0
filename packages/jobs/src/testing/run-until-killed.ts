/**
 * Runs the jobs of a database on a Slurm until it is killed: `node run-until-killed.ts CONFIG`, for tests of what a kill leaves. On SIGTERM it
 * ends as a program does, with all usage in the ledger.
 */
import { readFileSync } from "node:fs";
import { openStore } from "@pulmu/journal";
import { Ledger, recordReading } from "@pulmu/ledger";
import { PulmuError } from "@pulmu/units";
import { JobBook } from "../book/job-book.ts";
import { prepareJobs } from "../book/schema.ts";
import { TRY_AGAIN } from "../engines/script.ts";
import { SlurmEngine } from "../engines/slurm/slurm.ts";
import { jobFiles } from "../run/job-files.ts";
import { ModelledMeter } from "../run/modelled-meter.ts";
import { JobRunner } from "../run/runner.ts";
import { FACTS } from "./job-house.ts";

export interface RunConfig {
  readonly address: string;
  readonly url: string;
  readonly user: string;
  readonly token: string;
  readonly filesRoot: string;
  /** File with the power that jobs may draw, W. */
  readonly powerFile: string;
}

/** A program that is started while its database is away says so and ends; whoever looks after it starts it again. */
async function open() {
  const store = await openStore(config.address);
  await prepareJobs(store);
  const book = new JobBook(store);
  const houseId = await book.houseId(() => `h${process.pid}`);
  return { store, book, houseId, ledger: await Ledger.open(store, { calendar, now }) };
}

const config = JSON.parse(readFileSync(process.argv[2], "utf8")) as RunConfig;
const now = () => Date.now();
const calendar = { utcOffsetMin: 540 };
const { store, book, houseId, ledger } = await open().catch((error: unknown) => {
  if (!(error instanceof PulmuError) || error.code !== "store.unreachable") throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(TRY_AGAIN);
});
const runner = new JobRunner({
  book,
  engine: new SlurmEngine({ url: config.url, user: config.user, token: () => config.token, env: process.env, now }),
  files: jobFiles(config.filesRoot),
  power: {
    now: () => ({ budgetW: Number(readFileSync(config.powerFile, "utf8")), cause: { text: "a load target of the test", traceparent: "" } }),
  },
  cluster: FACTS,
  meter: new ModelledMeter({ id: `model/${process.pid}`, facilityPerIt: 1.2, carbonGPerKWh: 400 }),
  ledger,
  keepReading: (reading) => recordReading(store, calendar, reading),
  houseId,
  now,
  complain: (text) => process.stderr.write(`${text}\n`),
});
runner.start();
process.once("SIGTERM", async () => {
  await runner.close();
  await ledger.close();
  await store.close();
});
