import type { AllotmentCall, Application, Grant } from "../../api/types.ts";
import type { Format } from "../../i18n/format.ts";
import type { Translate } from "../../i18n/language.tsx";
import type { Tone } from "../../parts/parts.tsx";
import type { RuleValues } from "../../parts/refusal.tsx";

export const APPLICATION_TONES: Readonly<Record<Application["state"], Tone>> = {
  submitted: "",
  withdrawn: "",
  ineligible: "bad",
  eligible: "accent",
  granted: "good",
  waiting: "warn",
  rejected: "bad",
};

export const GRANT_TONES: Readonly<Record<Grant["state"], Tone>> = {
  offered: "accent",
  active: "good",
  warned: "warn",
  declined: "",
  reclaimed: "bad",
  ended: "",
};

/** What the rules of a call speak of. */
export function ruleValues({ call }: AllotmentCall, format: Format): RuleValues {
  return {
    opens: format.day(call.opens),
    closes: format.day(call.closes),
    from: format.day(call.grantsFrom),
    until: format.day(call.grantsUntil),
    servers: call.gpusPerServer,
    cap: call.capPerOrganisation,
  };
}

/** Reasons that the rules give are said in the reader's language; a person's are as they were written. */
export function tellReason(t: Translate, reason: string): string {
  const used = /^less than (\d+) % of the planned use$/.exec(reason)?.[1];
  if (used !== undefined) return t("allotment.reason.unused", { percent: used });
  const points = /^below (\d+) points$/.exec(reason)?.[1];
  if (points !== undefined) return t("allotment.reason.points", { points });
  return reason;
}
