import { useState } from "react";
import { useGridEvents, useMoment } from "../../api/queries.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Badge } from "../../parts/parts.tsx";
import { verdict } from "../factory/verdict.ts";
import { AskCard } from "./ask.tsx";
import { ChainCard } from "./chain.tsx";
import { EnvelopeCard, ScheduleCard } from "./envelope.tsx";
import { EventsCard } from "./events.tsx";
import { ResponseCard } from "./response.tsx";

/** Events are asked for this often: their cost grows by the second. */
const EVERY_MS = 1_000;

export default function GridPage() {
  const { t, format } = useSpeech();
  const { state, steering } = useMoment();
  const events = useGridEvents(EVERY_MS);
  const known = events.data;
  const [chosenId, choose] = useState<string>();
  const chosen = known?.find(({ id }) => id === chosenId) ?? known?.find(({ state: how }) => how !== "over") ?? known?.[0];
  const judged = state && verdict(state, steering, t, format);
  return (
    <>
      <div className="page-head">
        <h1>{t("grid.title")}</h1>
        {judged !== undefined && (
          <>
            <Badge tone={judged.tone}>{judged.title}</Badge>
            <span className="dim live-value">{judged.text}</span>
          </>
        )}
      </div>
      <div className="grid">
        <ResponseCard event={chosen} />
        <AskCard
          sitePowerW={state?.sitePowerW}
          running={known?.find(({ state: how }) => how !== "over")}
          onPlayed={() => choose(undefined)}
        />
        <ChainCard event={chosen} />
        <EventsCard query={events} chosen={chosen?.id} onChoose={choose} />
        <EnvelopeCard steering={steering ?? undefined} />
        <ScheduleCard steering={steering ?? undefined} />
      </div>
    </>
  );
}
