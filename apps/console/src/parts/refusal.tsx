import type { ApiFailure, ApiProblem } from "../api/request.ts";
import type { MessageKey } from "../i18n/en.ts";
import { useSpeech, type Translate } from "../i18n/language.tsx";
import { ruleKeys } from "./problems.ts";

/** What rules' texts speak of, by name. */
export type RuleValues = Readonly<Record<string, string | number>>;

/** In the reader's language where the catalogue knows the rule; else as the API says it. */
export function tellProblem(t: Translate, problem: ApiProblem, values: RuleValues = {}): string {
  const [key] = ruleKeys(problem) as readonly [MessageKey?];
  return key === undefined ? problem.rule : t(key, { ...values, rule: problem.rule });
}

/** What the API refused to do, all of it. */
export function Refusal({ failure, values }: { readonly failure: ApiFailure | null; readonly values?: RuleValues }) {
  return failure === null ? null : (
    <div className="failure" role="alert">
      {failure.problems.length === 0 ? failure.message : <ProblemList problems={failure.problems} values={values} />}
    </div>
  );
}

/** One line each: where, by line and path of a file, and which rule. */
export function ProblemList({ problems, values }: { readonly problems: readonly ApiProblem[]; readonly values?: RuleValues | undefined }) {
  const { t } = useSpeech();
  return (
    <ul className="problems">
      {problems.map((problem, i) => {
        const { line, path, hint } = problem;
        const place = line === undefined ? undefined : `${line}: ${path ?? ""}:`;
        const rule = tellProblem(t, problem, values);
        return <li key={i}>{[place, hint === undefined ? rule : `${rule} (${hint})`].filter((part) => part !== undefined).join(" ")}</li>;
      })}
    </ul>
  );
}
