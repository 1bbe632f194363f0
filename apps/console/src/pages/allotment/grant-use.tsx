import type { Grant } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";

/** What was used of a grant against what its application planned: in all, and span by span as it was looked at. */
export function GrantUse({ grant, leastOfPlan }: { readonly grant: Grant; readonly leastOfPlan: number }) {
  const { t, format } = useSpeech();
  const { usedPercent, plannedUse, spans } = grant;
  const least = (plannedUse * leastOfPlan) / 100;
  const tone = usedPercent === undefined || usedPercent >= least ? "good" : "warn";
  return (
    <>
      <span className="grant-figures">
        <b>{format.percent(usedPercent === undefined ? undefined : usedPercent / 100, 1)}</b>
        <span className="dim">{t("allotment.ofPlan", { percent: format.percent(plannedUse / 100) })}</span>
      </span>
      <span className={`meter ${tone} marked`} aria-hidden="true">
        <i style={{ width: `${Math.min(100, usedPercent ?? 0)}%` }} />
        <b style={{ left: `${plannedUse}%` }} />
      </span>
      {spans.length > 0 && (
        <ul className="spans" aria-label={t("allotment.spans")}>
          {spans.slice(-12).map(({ fromMs, untilMs, usedPercent: used, asPlanned }) => (
            <li key={fromMs} className={asPlanned ? "good" : "bad"}>
              <span className="visually-hidden">
                {format.day(fromMs)} – {format.day(untilMs)}: {format.percent((used ?? 0) / 100, 1)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
