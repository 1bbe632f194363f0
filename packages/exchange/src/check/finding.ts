import { RULES, type RuleCode, type Severity } from "./rules.ts";

/** One thing that is wrong: with one point, object, event or machine, however often it came. */
export interface Finding {
  readonly code: RuleCode;
  readonly severity: Severity;
  /** The rule that is broken. */
  readonly rule: string;
  /** Topic, object, feed or machine that it is about. */
  readonly subject: string;
  /** Where in the payload. */
  readonly path?: string;
  /** Value of the first time. */
  readonly value?: string;
  readonly hint?: string;
  readonly count: number;
  /** Arrival of the first and the last message concerned, epoch milliseconds. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

export interface Detail {
  readonly path?: string | undefined;
  readonly value?: string | undefined;
  readonly hint?: string | undefined;
  /** A more exact sentence than the rule's own. */
  readonly rule?: string | undefined;
  readonly severity?: Severity;
}

/** Different findings kept; later ones are only counted. */
const MAX_FINDINGS = 10_000;

/** Gathers findings: the same rule broken at the same place is one finding with a count. */
export class FindingLog {
  readonly #findings = new Map<string, { -readonly [K in keyof Finding]: Finding[K] }>();
  #dropped = 0;

  note(code: RuleCode, subject: string, atMs: number, { path, value, hint, rule, severity }: Detail = {}): void {
    const key = `${code} ${subject} ${path ?? ""}`;
    const known = this.#findings.get(key);
    if (known !== undefined) {
      known.count++;
      known.lastAtMs = atMs;
      return;
    }
    if (this.#findings.size >= MAX_FINDINGS) {
      this.#dropped++;
      return;
    }
    this.#findings.set(key, {
      code,
      severity: severity ?? RULES[code][0],
      rule: rule ?? RULES[code][1],
      subject,
      ...(path !== undefined && { path }),
      ...(value !== undefined && { value }),
      ...(hint !== undefined && { hint }),
      count: 1,
      firstAtMs: atMs,
      lastAtMs: atMs,
    });
  }

  /** Occurrences beyond the limit on different findings. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Errors first, then by rule in the order of `RULES`, then by the time of the first. */
  list(): readonly Finding[] {
    const order = new Map(Object.keys(RULES).map((code, i) => [code, i]));
    const rank = (finding: Finding) => (finding.severity === "error" ? 0 : 1000) + order.get(finding.code)!;
    return [...this.#findings.values()].toSorted((a, b) => rank(a) - rank(b) || a.firstAtMs - b.firstAtMs);
  }
}
