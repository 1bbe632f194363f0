import type { FactoryState } from "../../api/types.ts";
import type { Format } from "../../i18n/format.ts";
import type { Translate } from "../../i18n/language.tsx";
import type { Derivation } from "./figure-why.tsx";

const M = 1e6;

/** From what each figure of the first page is reckoned now. */
export function derive(state: FactoryState, t: Translate, format: Format) {
  const { tokensPerS, sitePowerW, joulesPerToken, pue, itPowerW, priceKrwPerKWh, carbonGPerKWh, services } = state;
  const tokens = format.compact(tokensPerS);
  const tokenPowerW = joulesPerToken === null ? undefined : joulesPerToken * tokensPerS;
  const perM = (rate: string) =>
    t("figure.perM", {
      j: format.energy(joulesPerToken),
      energy: format.energy(joulesPerToken === null ? null : joulesPerToken * M),
      rate,
    });
  return {
    tokens: {
      reckoned: t("figure.tokens", { services: services.length }),
      more: { href: "/work", name: t("figure.work") },
    },
    perMW: { reckoned: t("figure.perMW", { tokens, power: format.power(sitePowerW) }) },
    jPerToken: {
      reckoned: t("figure.jPerToken", { power: format.power(tokenPowerW), tokens }),
      text: t("figure.jPerTokenText"),
    },
    pue: { reckoned: t("figure.pue", { site: format.power(pue * itPowerW), it: format.power(itPowerW) }), text: t("figure.pueText") },
    cost: { reckoned: perM(format.krw(priceKrwPerKWh)), text: `${t("figure.costText")} ${t("figure.today")}.` },
    carbon: { reckoned: perM(format.mass(carbonGPerKWh)), text: `${t("figure.carbonText")} ${t("figure.today")}.` },
  } satisfies Readonly<Record<string, Derivation>>;
}
