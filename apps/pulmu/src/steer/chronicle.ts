import { appendEntries, readTrace, traceIdOf, type Draft, type Store } from "@pulmu/journal";
import { postSettlement, type Calendar, type FlexSettlement } from "@pulmu/ledger";

/** Lines that may wait for a database that is away; what comes beyond is dropped, and said. */
const MAX_WAITING = 10_000;
/** How long to wait before a database that failed is tried again, ms. */
const RETRY_MS = 1_000;
/** How long the end waits for what is still to be written, ms. */
const PATIENCE_MS = 3_000;

/** Lines of one trace that are looked through. */
const MAX_ENTRIES = 1_000;

/** Lines by which a process begins to follow an event: the first, and those that take it over. */
const BEGINNINGS: ReadonlySet<string> = new Set(["power.target.allocated", "power.target.resumed"]);

/** Where the chronicle is written. */
export interface Books {
  readonly store: Store;
  readonly calendar: Calendar;
}

type Line = { readonly draft: Draft } | { readonly settlement: FlexSettlement };

/**
 * What steering does, line by line, into the journal; and what an event comes to, into the books. In the order in which it was told; a
 * database that is not there yet, or away, is waited for, and nothing else waits for it.
 */
export class Chronicle {
  #books: Books | undefined;
  readonly #now: () => number;
  readonly #complain: (text: string) => void;
  #waiting: Line[] = [];
  #dropped = 0;
  #working: Promise<void> | undefined;
  #closing = false;

  /** @param now epoch ms of this machine, whatever day the plant plays */
  constructor(now: () => number, complain: (text: string) => void) {
    this.#now = now;
    this.#complain = complain;
  }

  /** What was told so far and is told from now on goes there. */
  open(books: Books): void {
    this.#books = books;
    if (this.#waiting.length > 0) this.#working ??= this.#work(books);
  }

  /** Draw before an event (NaN: not known) as an earlier process told it, and how many have begun to follow it; undefined: none has. */
  async begunBefore(id: string, traceparent: string): Promise<{ readonly baselineW: number; readonly parts: number } | undefined> {
    const trace = traceIdOf(traceparent);
    if (this.#books === undefined || trace === undefined) return undefined;
    const entries = await readTrace(this.#books.store, trace, MAX_ENTRIES);
    const begun = entries.filter(({ kind, subject }) => BEGINNINGS.has(kind) && subject === id);
    if (begun.length === 0) return undefined;
    const baselineW = begun[0].data?.["baselineW"];
    return { baselineW: typeof baselineW === "number" ? baselineW : NaN, parts: begun.length };
  }

  tell(draft: Draft): void {
    this.#put({ draft });
  }

  /** Books it and writes it into the journal, once. */
  post(settlement: FlexSettlement): void {
    this.#put({ settlement });
  }

  /** Fulfilled when all that was told so far is written. */
  get written(): Promise<void> {
    return this.#working ?? Promise.resolve();
  }

  async close(): Promise<void> {
    this.#closing = true;
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, PATIENCE_MS);
    await Promise.race([this.written, patience.promise]);
    clearTimeout(timer);
  }

  #put(line: Line): void {
    if (this.#waiting.length >= MAX_WAITING) {
      if (this.#dropped++ === 0) this.#complain("the journal cannot be written: what steering does goes unrecorded");
      return;
    }
    this.#waiting.push(line);
    if (this.#books !== undefined) this.#working ??= this.#work(this.#books);
  }

  async #work(books: Books): Promise<void> {
    for (let tries = 0; this.#waiting.length > 0;) {
      try {
        await this.#write(books, this.#waiting[0]);
        this.#waiting.shift();
        tries = 0;
      } catch (error) {
        if (tries++ === 0) this.#complain(`journal: ${(error as Error).message}`);
        if (this.#closing || isRefusal(error)) this.#waiting.shift();
        else await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
    this.#working = undefined;
  }

  async #write({ store, calendar }: Books, line: Line): Promise<void> {
    if ("draft" in line) await store.transaction((tx) => appendEntries(tx, [line.draft], this.#now()));
    else await postSettlement(store, calendar, line.settlement, "power", this.#now());
  }
}

/** What a database that is there will refuse again. */
function isRefusal(error: unknown): boolean {
  return !String((error as { readonly code?: unknown }).code).startsWith("store.");
}
