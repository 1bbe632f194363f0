import type { Store } from "@pulmu/journal";
import { type EngineSnapshot, JobBook, prepareJobs, readEngine } from "@pulmu/jobs";
import { PulmuError } from "@pulmu/units";

const books = new WeakMap<Store, Promise<JobBook>>();

/** The jobs on a database; its tables are brought up to date on first use. */
export function bookOf(store: Store): Promise<JobBook> {
  let book = books.get(store);
  if (book === undefined) {
    book = prepareJobs(store).then(() => new JobBook(store));
    books.set(store, book);
  }
  return book;
}

/** @throws PulmuError `job.no-engine` */
export async function engineOf(store: Store): Promise<EngineSnapshot> {
  const engine = await readEngine(store);
  if (engine !== undefined) return engine;
  throw new PulmuError({
    code: "job.no-engine",
    file: store.place,
    rule: "no engine has worked on this database yet, so nobody can say what fits",
    hint: "start one: pulmu up --db … --engine slurm=http://…",
  });
}
