import { useMemo } from "react";
import { Button } from "react-aria-components";
import { useSearchParams } from "wouter";
import { useEvents, useFloorNow, useMoment, usePlan, useSite } from "../../api/queries.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Card } from "../../parts/parts.tsx";
import { useTenantColour } from "../tenant-colours.ts";
import { Drill, type Chosen } from "./drill.tsx";
import { Floor } from "./floor.tsx";
import { Flow } from "./flow.tsx";
import { Headline } from "./headline.tsx";
import { LastEvent } from "./last-event.tsx";
import { Phases } from "./phases.tsx";
import { PowerChart } from "./power-chart.tsx";
import { tellEvent, tellSubject } from "./tell-event.ts";
import { watchList } from "./watch-list.ts";

/** Racks are asked for this often; a plan of thousands half as often. */
const FLOOR_EVERY_MS = 1_000;
const MANY_RACKS = 1_000;

export default function FactoryPage() {
  const { t, format } = useSpeech();
  const site = useSite();
  const plan = usePlan();
  const { state, steering, works, today } = useMoment();
  const now = useFloorNow((site.data?.racks ?? 0) > MANY_RACKS ? 2 * FLOOR_EVERY_MS : FLOOR_EVERY_MS);
  const tenantColor = useTenantColour();
  const [chosen, choose] = useChosen();
  return (
    <>
      <div className="page-head">
        <h1>{t("factory.title")}</h1>
        {state !== undefined && <span className="note">{state.workloadSource}</span>}
        {today !== undefined && <span className="note">{t("factory.sinceStart", { time: format.minute(today.sinceMs) })}</span>}
      </div>
      {state !== undefined && <Headline state={state} steering={steering} today={today} />}
      <div className="grid">
        <Card title={t("factory.flow")} className="c7 stretch">
          {state === undefined ? (
            <div className="skeleton" />
          ) : (
            <Flow state={state} works={works ?? []} tenantColor={tenantColor} onFeed={(id) => choose({ kind: "node", id })} />
          )}
        </Card>
        <PowerChart />
        <Card title={t("factory.floor")} className={`floor-card stretch ${chosen === undefined ? "c8" : "c7"}`}>
          <Answer query={plan}>
            {(drawn) =>
              now === undefined ? (
                <div className="skeleton" />
              ) : (
                <Floor
                  plan={drawn}
                  now={now}
                  chosen={chosen?.kind === "rack" ? chosen.id : undefined}
                  tenantColor={tenantColor}
                  tenants={site.data?.tenants ?? []}
                  onRack={(id) => choose({ kind: "rack", id })}
                />
              )
            }
          </Answer>
        </Card>
        {chosen !== undefined && plan.data !== undefined && now !== undefined ? (
          <Card title={t("drill.title")} className="c5 stretch">
            <Drill plan={plan.data} now={now} chosen={chosen} onChoose={choose} />
          </Card>
        ) : (
          <div className="c4 column stretch">
            <LastEvent />
            <WatchCard maxInletC={Math.min(...(plan.data?.types ?? []).map((type) => type.maxInletC))} onChoose={choose} />
            <EventsCard />
          </div>
        )}
        {chosen !== undefined && (
          <div className="c12 grid">
            <div className="c6">
              <WatchCard maxInletC={Math.min(...(plan.data?.types ?? []).map((type) => type.maxInletC))} onChoose={choose} />
            </div>
            <div className="c6 column">
              <LastEvent />
              <EventsCard />
            </div>
          </div>
        )}
        {site.data !== undefined && site.data.phases.length > 1 && <Phases site={site.data} />}
      </div>
    </>
  );
}

/** What is drilled into stands in the address: it can be sent to a colleague. */
function useChosen(): readonly [Chosen | undefined, (chosen: Chosen | undefined) => void] {
  const [params, setParams] = useSearchParams();
  const rack = params.get("rack");
  const node = params.get("node");
  const gpu = params.get("gpu");
  const chosen = useMemo((): Chosen | undefined => {
    if (rack !== null) return { kind: "rack", id: rack, ...(gpu !== null && { gpu: Number(gpu) }) };
    return node === null ? undefined : { kind: "node", id: node };
  }, [rack, node, gpu]);
  const choose = (next: Chosen | undefined) =>
    setParams(next === undefined ? {} : { [next.kind]: next.id, ...(next.gpu !== undefined && { gpu: String(next.gpu) }) });
  return [chosen, choose];
}

function WatchCard({ maxInletC, onChoose }: { readonly maxInletC: number; readonly onChoose: (chosen: Chosen) => void }) {
  const { t, format } = useSpeech();
  const site = useSite().data;
  const { state, steering } = useMoment();
  const watched = state === undefined || site === undefined ? undefined : watchList(state, steering, site, maxInletC, t, format);
  return (
    <Card title={t("factory.watch")} flush>
      {watched?.length === 0 && (
        <p className="empty">
          <span className="dot good" /> {t("factory.allWell")}
        </p>
      )}
      <ul className="list scroll">
        {watched?.map(({ tone, text, rack, node }) => (
          <li key={text}>
            <span className={`dot ${tone}`} />
            {rack === undefined && node === undefined ? (
              text
            ) : (
              <Button
                className="link"
                onPress={() => onChoose(rack === undefined ? { kind: "node", id: node! } : { kind: "rack", id: rack })}
              >
                {text}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

const TONES = { info: "", warning: "warn", critical: "bad" } as const;

function EventsCard() {
  const { t, format } = useSpeech();
  const events = useEvents();
  return (
    <Card title={t("factory.events")} flush>
      {events.length === 0 && <p className="empty">{t("factory.noEvents")}</p>}
      <ol className="list scroll" tabIndex={0} aria-label={t("factory.events")}>
        {events.map((event) => {
          const subject = tellSubject(event.subject, t);
          return (
            <li key={`${event.id} ${event.atMs}`}>
              <span className={`dot ${TONES[event.severity]}`} />
              <time dateTime={new Date(event.atMs).toISOString()}>{format.clock(event.atMs)}</time>
              <span className="event-text">
                {subject !== undefined && <strong>{subject}: </strong>}
                {tellEvent(event, t, format)}
              </span>
            </li>
          );
        })}
      </ol>
    </Card>
  );
}
