import type { Budget } from "../../api/types.ts";
import type { Format } from "../../i18n/format.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Meter } from "../../parts/parts.tsx";

/** From here on a limit is about to be hit. */
const NEAR = 0.8;

/** An amount in a budget's unit. */
export function amountOf(format: Format, { meter }: Pick<Budget, "meter">, amount: string): string {
  return meter === "krw" ? format.krw(Number(amount)) : format.number(Number(amount));
}

/** What is used of a limit in the window that holds now, and until when that is. */
export function LimitUse({ budget }: { readonly budget: Budget }) {
  const { t, format } = useSpeech();
  const { used, most, endMs, window } = budget;
  const share = Number(most) === 0 ? 1 : Number(used) / Number(most);
  return (
    <>
      <span className="limit-figures">
        <b>
          {amountOf(format, budget, used)}
          <span className="of"> / {amountOf(format, budget, most)}</span>
        </b>
        <span className={share >= 1 ? "bad" : "dim"}>{format.percent(share)}</span>
      </span>
      <Meter share={share} tone={share >= 1 ? "bad" : share >= NEAR ? "warn" : "good"} />
      {endMs !== null && (
        <span className="sub">{t("tokens.until", { time: window === "minute" ? format.clock(endMs) : format.dateTime(endMs) })}</span>
      )}
    </>
  );
}
