import type { ApiProblem } from "../api/request.ts";
import { en, type MessageKey } from "../i18n/en.ts";

/** The field that a problem is about: the API names it by its path in what was sent. */
export function placeOf(path: string | undefined): string | undefined {
  return path?.replace(/^body\./, "");
}

/** What the catalogue may say of a problem, the closest first: the rule at this field, the rule anywhere. */
export function ruleKeys({ code, path }: ApiProblem): readonly MessageKey[] {
  return [`rule.${code}.${placeOf(path)}`, `rule.${code}`].filter((key): key is MessageKey => key in en);
}
