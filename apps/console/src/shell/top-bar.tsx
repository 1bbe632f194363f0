import { Button } from "react-aria-components";
import { useLive } from "../api/live.ts";
import { useFacts, useSite } from "../api/queries.ts";
import { useSpeech } from "../i18n/language.tsx";
import { Account } from "./account.tsx";
import { useClock } from "./clock.tsx";
import { BackIcon, ForwardIcon, MoonIcon, SunIcon } from "./icons.tsx";
import { useTheme } from "./theme.tsx";

export function TopBar() {
  const { t, format, switchTo } = useSpeech();
  const { theme, toggle } = useTheme();
  const site = useSite().data;
  return (
    <header className="top">
      <div className="top-site">
        <strong title={site?.name}>{site?.name ?? "Pulmu"}</strong>
        {site !== undefined && (
          <span>
            {site.phase.id} · {format.power(site.phase.envelopeW)} ·{" "}
            {t("top.size", { racks: format.number(site.racks), gpus: format.number(site.gpus) })}
          </span>
        )}
      </div>
      <div className="top-fill" />
      <Scrub />
      <PlantClock />
      <Button className="button quiet" onPress={() => switchTo(format.language === "en" ? "ko" : "en")}>
        <span lang={format.language === "en" ? "ko" : "en"}>{t("top.language")}</span>
      </Button>
      <Button className="button quiet" aria-label={t("top.theme")} onPress={toggle}>
        {theme === "dark" ? <SunIcon /> : <MoonIcon />}
      </Button>
      <Account />
    </header>
  );
}

function PlantClock() {
  const { t, format } = useSpeech();
  const { atMs } = useClock();
  const { state, isStale } = useLive();
  const [tone, text] = isStale
    ? (["bad", t("top.stale")] as const)
    : atMs !== undefined
      ? (["warn", t("top.past")] as const)
      : state === undefined
        ? (["warn", t("top.connecting")] as const)
        : (["good", state.speed === 1 ? t("top.live") : t("top.speed", { speed: state.speed })] as const);
  return (
    <div className="top-clock">
      <span className={`badge ${tone}`}>{text}</span>
      <span>{format.clock(atMs ?? state?.atMs)}</span>
    </div>
  );
}

const MINUTE_MS = 60_000;
/** Shorter than this there is nothing to turn back to. */
const SHORTEST_PAST_MS = 2 * MINUTE_MS;

/** Turns the clock of all pages back over what is kept, minute by minute; at its right end it is now. */
function Scrub() {
  const { t, format } = useSpeech();
  const { atMs, turnTo } = useClock();
  const newestMs = useLive().state?.atMs;
  const facts = useFacts().data;
  if (newestMs === undefined || facts === undefined || newestMs - facts.oldestMs < SHORTEST_PAST_MS) return null;
  const minutes = Math.floor((newestMs - facts.oldestMs) / MINUTE_MS);
  const shown = atMs === undefined ? minutes : Math.round((atMs - facts.oldestMs) / MINUTE_MS);
  const turn = (minute: number) => turnTo(minute >= minutes ? undefined : facts.oldestMs + Math.max(0, minute) * MINUTE_MS);
  return (
    <div className="scrub">
      <Button className="button quiet small" aria-label={t("time.earlier")} onPress={() => turn(shown - 1)}>
        <BackIcon />
      </Button>
      <input
        className="track"
        type="range"
        aria-label={t("time.label")}
        aria-valuetext={atMs === undefined ? t("time.now") : format.dateTime(atMs)}
        min={0}
        max={minutes}
        value={shown}
        onChange={(event) => turn(event.currentTarget.valueAsNumber)}
      />
      <Button className="button quiet small" aria-label={t("time.later")} isDisabled={atMs === undefined} onPress={() => turn(shown + 1)}>
        <ForwardIcon />
      </Button>
    </div>
  );
}
