import { PulmuError, type Problem } from "@pulmu/units";
import { readYaml, type YamlDocument } from "@pulmu/units/yaml";

/** Steps from the root of a document: `["halls", 2, "rack"]`. */
export type Path = readonly (string | number)[];

const MAX_BYTES = 8 * 2 ** 20;
const MAX_PROBLEMS = 100;

/** One site file while it is being read: its plain value, and the problems found so far. */
export class SiteSource {
  /** The whole document; shape not yet judged. */
  readonly document: YamlDocument;
  readonly #problems = new Map<string, { readonly problem: Problem; times: number }>();

  /** @throws PulmuError `yaml.*`: broken syntax, more than 8 MiB, an alias bomb. */
  constructor(text: string, file: string) {
    this.document = readYaml(text, file, { maxBytes: MAX_BYTES });
  }

  /** The part of the document at `path`, as a document of its own whose problems know their place in the whole. */
  part(path: Path, value: unknown): YamlDocument {
    const { file, lineOf, problem } = this.document;
    return {
      file,
      value,
      lineOf: (inner) => lineOf([...path, ...inner]),
      problem: (inner, ...rest) => problem([...path, ...inner], ...rest),
    };
  }

  /** The list under a key of the file; empty when there is none. */
  list(key: string): readonly unknown[] {
    const value = (this.document.value as Record<string, unknown> | null)?.[key];
    return Array.isArray(value) ? value : [];
  }

  /**
   * Notes a problem at `path`. Its value is the one written there unless given. A generator that goes wrong the same way in each of
   * its items is one problem, told with the first.
   */
  report(path: Path, { code, rule, hint, value }: Pick<Problem, "code" | "rule" | "hint" | "value">): void {
    const problem = this.document.problem(path, code, rule, hint);
    this.#note(value === undefined ? problem : { ...problem, value });
  }

  /** True when a problem of this code stands at `path` already: then it is counted, and need not be worked out again. */
  repeats(path: Path, code: string): boolean {
    const known = this.#problems.get(keyOf(this.document.problem(path, code, "")));
    if (known !== undefined) known.times++;
    return known !== undefined;
  }

  /** Runs `work`; problems it throws that do not know their place yet are put at `path`. */
  attempt<T>(path: Path, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      for (const problem of error.problems) {
        if (problem.line === undefined) this.report(path, problem);
        else this.#note(problem);
      }
      return undefined;
    }
  }

  /** @throws PulmuError with every problem noted so far, in the order of the file (the first 100 of them). */
  throwProblems(): void {
    if (this.#problems.size === 0) return;
    const all = [...this.#problems.values()].map(({ problem, times }) =>
      times === 1 ? problem : { ...problem, rule: `${problem.rule} (and ${times - 1} more from this line)` },
    );
    throw new PulmuError(all.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)).slice(0, MAX_PROBLEMS));
  }

  #note(problem: Problem): void {
    const key = keyOf(problem);
    const known = this.#problems.get(key);
    if (known === undefined) this.#problems.set(key, { problem, times: 1 });
    else known.times++;
  }
}

function keyOf({ path, code }: Problem): string {
  return `${path}|${code}`;
}
