import type { FactoryState, Steering } from "../../api/types.ts";
import type { Format } from "../../i18n/format.ts";
import type { Translate } from "../../i18n/language.tsx";
import type { Tone } from "../../parts/parts.tsx";

/** The answer to "are we inside the envelope?", for whoever has one second. */
export function verdict(
  state: FactoryState,
  steering: Steering | null | undefined,
  t: Translate,
  format: Format,
): { readonly tone: Tone; readonly title: string; readonly text: string } {
  const { sitePowerW, envelopeW } = state;
  const scope = steering?.envelope[0];
  const target = steering?.envelope.map((each) => ({ ...each })).find(({ target: one }) => one?.limitW !== null && one !== null);
  if (sitePowerW > envelopeW) {
    return {
      tone: "bad",
      title: t("verdict.over"),
      text: t("verdict.overText", { over: format.power(sitePowerW - envelopeW), limit: format.power(envelopeW) }),
    };
  }
  const limitW = target?.target?.limitW ?? state.targetW;
  if (limitW !== null && limitW !== undefined) {
    const drawnW = target === undefined || target.feed === null ? sitePowerW : (target.drawnW ?? sitePowerW);
    const limit = format.power(limitW);
    if (drawnW > limitW * 1.002)
      return { tone: "warn", title: t("verdict.ramp"), text: t("verdict.rampText", { over: format.power(drawnW - limitW), limit }) };
    const untilMs = target?.target?.untilMs;
    const free = format.power(limitW - drawnW);
    const text =
      untilMs === null || untilMs === undefined
        ? t("verdict.targetOpen", { free, limit })
        : t("verdict.targetText", { free, limit, time: format.clock(untilMs) });
    return { tone: "accent", title: t("verdict.target"), text };
  }
  const limit = scope?.contractW ?? envelopeW;
  return {
    tone: "good",
    title: t("verdict.inside"),
    text: t("verdict.insideText", { free: format.power(limit - sitePowerW), limit: format.power(limit) }),
  };
}
