import type { Principal } from "@pulmu/govern";
import type { Caller } from "../http/exchange.ts";
import { invalid, Refusal } from "../refusal.ts";
import type { DeploymentSpec } from "../routing/deployment.ts";
import type { Decision, Flow } from "./policy.ts";

/** What a caller wishes, in headers: `x-pulmu-residency: kr-only`, `x-pulmu-data-class: sensitive`, `x-pulmu-notice: ko`. */
export interface Wish {
  readonly residency: string;
  readonly dataClass: string;
  /** To be shown with the answer; undefined: none was asked for. */
  readonly notice: string | undefined;
}

export const NO_WISH: Wish = { residency: "", dataClass: "", notice: undefined };

/** That a generative model made it (Korea's AI Basic Act, article 31(2)), in words that can be shown as they are. */
const NOTICES: Readonly<Record<string, string>> = {
  ko: "이 내용은 생성형 인공지능이 만들었습니다.",
  en: "This content was made by generative AI.",
};

const RESIDENCY = /^([a-z]{2})(?:-only)?$/;
const DATA_CLASS = /^[a-z0-9-]{1,32}$/;

/** @throws Refusal 400: a wish that is not understood is not passed over */
export function readWish(exchange: Caller): Wish {
  const [residency, dataClass] = [exchange.header("x-pulmu-residency"), exchange.header("x-pulmu-data-class")];
  const country = residency === undefined ? undefined : RESIDENCY.exec(residency);
  if (country === null) throw invalid("x-pulmu-residency", "The header 'x-pulmu-residency' is a country, such as 'kr-only'.");
  if (dataClass !== undefined && !DATA_CLASS.test(dataClass))
    throw invalid("x-pulmu-data-class", "The header 'x-pulmu-data-class' is a word in small letters, such as 'sensitive'.");
  const language = exchange.header("x-pulmu-notice");
  const notice = language === undefined ? undefined : NOTICES[language];
  if (language !== undefined && notice === undefined)
    throw invalid("x-pulmu-notice", `The header 'x-pulmu-notice' is a language: ${Object.keys(NOTICES).join(" or ")}.`);
  return { residency: country?.[1] ?? "", dataClass: dataClass ?? "", notice };
}

export function flowOf(principal: Principal, { residency, dataClass }: Wish, { modelId, place }: DeploymentSpec): Flow {
  return {
    tenantId: principal.tenantId!,
    projectId: principal.projectId!,
    keyId: principal.keyId!,
    modelId,
    site: place.site,
    jurisdiction: place.jurisdiction,
    dataClass,
    residency,
  };
}

export function forbidden({ modelId, residency, jurisdiction }: Flow, { rules }: Decision): Refusal {
  const because = rules.length === 0 ? "no policy permits it" : `policy ${rules.join(", ")}`;
  return new Refusal(`This may not be sent to '${modelId}' in ${jurisdiction}: ${because}.`, {
    status: 403,
    type: "permission_error",
    code: residency !== "" && residency !== jurisdiction ? "data_residency_mismatch" : "policy_denied",
    retry: false,
  });
}
