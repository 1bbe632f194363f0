import { formatProblem, type Problem } from "@pulmu/units";

/** A message that was not obeyed or not read, and why. */
export interface Refusal {
  readonly atMs: number;
  readonly topic: string;
  readonly problems: readonly Problem[];
}

const MAX_RECENT = 100;

/** Everything that was refused: counted by the code of its first problem, and the last ones in full. */
export class Refusals {
  readonly #counts = new Map<string, number>();
  readonly #recent: Refusal[] = [];
  readonly #listener: (refusal: Refusal) => void;

  constructor(listener: (refusal: Refusal) => void = () => {}) {
    this.#listener = listener;
  }

  note(atMs: number, topic: string, problems: readonly Problem[]): void {
    const { code } = problems[0];
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    const refusal = { atMs, topic, problems };
    this.#recent.push(refusal);
    if (this.#recent.length > MAX_RECENT) this.#recent.shift();
    this.#listener(refusal);
  }

  /** How often each code came, the most frequent first. */
  get counts(): readonly (readonly [code: string, count: number])[] {
    return [...this.#counts].toSorted((a, b) => b[1] - a[1]);
  }

  get total(): number {
    return this.counts.reduce((sum, [, count]) => sum + count, 0);
  }

  /** The last ones, oldest first. */
  get recent(): readonly Refusal[] {
    return this.#recent;
  }
}

/** One line: topic, and what was wrong with the message. */
export function formatRefusal({ topic, problems }: Refusal): string {
  return `${topic}: ${problems.map(formatProblem).join("; ")}`;
}
