import { PulmuError, type Problem } from "@pulmu/units";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from "yaml";

/** Steps from the root of a document: `["halls", 2, "rack"]`. */
export type Path = readonly (string | number)[];

const MAX_BYTES = 8 * 2 ** 20;
const MAX_ALIASES = 100;
const MAX_PROBLEMS = 100;
const MAX_VALUE_CHARS = 60;

/** `["halls", 2, "rack"]` → `halls[2].rack`. */
export function formatPath(path: Path): string {
  return path.map((step, i) => (typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`)).join("");
}

/** One YAML file while it is being read: its plain value, the line of every part of it, and the problems found so far. */
export class SiteSource {
  readonly file: string;
  /** The document as plain data; shape not yet judged. */
  readonly value: unknown;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #problems = new Map<string, { problem: Problem; times: number }>();

  /** @throws PulmuError `site.yaml` with every syntax error, `site.too-large` beyond 8 MiB, `site.aliases` on an alias bomb. */
  constructor(text: string, file: string) {
    this.file = file;
    if (Buffer.byteLength(text) > MAX_BYTES) {
      throw new PulmuError({
        code: "site.too-large",
        file,
        value: `${Buffer.byteLength(text)} bytes`,
        rule: "a site file has at most 8 MiB",
      });
    }
    this.#lines = new LineCounter();
    try {
      this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, version: "1.2" });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new PulmuError({ code: "site.yaml", file, rule: "is nested too deeply to read" }); // the parser ran out of stack
    }
    const faults = [...this.#document.errors, ...this.#document.warnings];
    if (faults.length > 0) {
      throw new PulmuError(
        faults.map(({ pos, message }) => ({
          code: "site.yaml",
          file,
          line: this.#lines.linePos(pos[0]).line,
          rule: `broken YAML: ${message}`,
        })),
      );
    }
    try {
      this.value = this.#document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      throw new PulmuError({ code: "site.aliases", file, rule: `aliases (*name) expand to more than ${MAX_ALIASES} copies` });
    }
  }

  /** Line of the key or list entry at `path`, or of the nearest thing around it that exists. From 1. */
  lineOf(path: Path): number {
    let node = this.#document.contents as Node | null;
    let offset = node?.range?.[0] ?? 0;
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(this.#document) ?? null;
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
        if (pair === undefined) break;
        offset = (pair.key as Node).range?.[0] ?? offset;
        node = pair.value as Node | null;
      } else if (isSeq(node)) {
        const item = node.items[step as number] as Node | undefined;
        if (item === undefined) break;
        offset = item.range?.[0] ?? offset;
        node = item;
      } else break;
    }
    return this.#lines.linePos(offset).line;
  }

  /** The value at `path`, undefined where there is none. */
  valueAt(path: Path): unknown {
    return path.reduce<unknown>(
      (value, step) => (typeof value === "object" && value !== null ? (value as Record<string | number, unknown>)[step] : undefined),
      this.value,
    );
  }

  /** Where `path` stands, for a problem. */
  place(path: Path): Pick<Problem, "file" | "line" | "path"> {
    return { file: this.file, line: this.lineOf(path), path: formatPath(path) };
  }

  /**
   * Notes a problem. The value is the one at `path` unless given. A generator that goes wrong the same way in each of its items is
   * one problem, told with the first.
   */
  report(path: Path, problem: Omit<Problem, "file" | "line" | "path">): void {
    if (this.repeats(path, problem.code)) return;
    const found = this.valueAt(path);
    const value = problem.value ?? (found === undefined ? undefined : shorten(typeof found === "string" ? found : JSON.stringify(found)));
    this.#problems.set(`${formatPath(path)}|${problem.code}`, {
      problem: { ...problem, ...(value === undefined ? {} : { value }), ...this.place(path) },
      times: 1,
    });
  }

  /** True when this kind of problem stands at `path` already: then it is counted, and need not be worked out again. */
  repeats(path: Path, code: string): boolean {
    const known = this.#problems.get(`${formatPath(path)}|${code}`);
    if (known !== undefined) known.times++;
    return known !== undefined;
  }

  /** Runs `work`; a PulmuError it throws becomes a problem at `path`. */
  attempt<T>(path: Path, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      for (const problem of error.problems) this.report(path, problem);
      return undefined;
    }
  }

  get hasProblems(): boolean {
    return this.#problems.size > 0;
  }

  /** @throws PulmuError with every problem noted so far, in the order of the file (the first 100 of them). */
  throwProblems(): void {
    if (this.#problems.size === 0) return;
    const all = [...this.#problems.values()].map(({ problem, times }) =>
      times === 1 ? problem : { ...problem, rule: `${problem.rule} (and ${times - 1} more of this line)` },
    );
    all.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    throw new PulmuError(all.slice(0, MAX_PROBLEMS));
  }
}

function shorten(text: string): string {
  return text.length <= MAX_VALUE_CHARS ? text : `${text.slice(0, MAX_VALUE_CHARS - 1)}…`;
}
