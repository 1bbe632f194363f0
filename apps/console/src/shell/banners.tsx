import { useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { useLocation } from "wouter";
import { useLive } from "../api/live.ts";
import { useSpeech } from "../i18n/language.tsx";
import { useClock } from "./clock.tsx";

/** Pages of what is kept by the day: they do not turn back. */
const NOW_ONLY = /^\/(tokens|allotment)\b/;

/** Says when what is shown is not now: the connection is lost, or the clock is turned back. */
export function Banners() {
  const { t, format } = useSpeech();
  const { atMs, turnTo } = useClock();
  const [location] = useLocation();
  const { isStale, state, receivedMs } = useLive();
  const ageS = useAge(isStale, receivedMs);
  return (
    <div role="status">
      {isStale && (
        <div className="banner bad" data-testid="stale">
          <strong>{t("stale.title")}</strong>
          {state === undefined ? t("stale.never") : t("stale.text", { time: format.clock(state.atMs), age: ageS })}
        </div>
      )}
      {atMs !== undefined && (
        <div className="banner">
          <strong>{t("past.title", { time: format.dateTime(atMs) })}</strong>
          {NOW_ONLY.test(location) && t("past.accounts")}
          <Button className="button small" onPress={() => turnTo(undefined)}>
            {t("past.back")}
          </Button>
        </div>
      )}
    </div>
  );
}

/** Seconds since `sinceMs` of this machine's steady clock. */
function useAge(isCounting: boolean, sinceMs: number): number {
  const [nowMs, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!isCounting) return;
    const timer = setInterval(() => setNow(performance.now()), 1_000);
    return () => clearInterval(timer);
  }, [isCounting]);
  return Math.max(0, Math.round((nowMs - sinceMs) / 1_000));
}
