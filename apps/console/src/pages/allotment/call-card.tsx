import type { AllotmentCall, Who } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Badge, Card, Meter } from "../../parts/parts.tsx";
import { may } from "../tokens/may.ts";
import { Apply } from "./apply.tsx";
import { CallActions } from "./call-actions.tsx";
import { useReport } from "./report.tsx";

const STAGES = ["open", "reviewing", "decided"] as const;

/** A call: its terms, how far it has come, how much of each pool is held, and what whoever looks may do next. */
export function CallCard({ call, who }: { readonly call: AllotmentCall; readonly who: Who | null }) {
  const { t, format } = useSpeech();
  const { id, title, opens, closes, grantsFrom, grantsUntil, criteria, passMark, capPerOrganisation, reviewsEach, reviewers } = call.call;
  const stage = STAGES.indexOf(call.state);
  return (
    <Card title={title} className="c12" aside={<span className="note mono clip">{id}</span>}>
      <ol className="stages" aria-label={t("allotment.stages")}>
        {STAGES.map((each, i) => (
          <li key={each} aria-current={i === stage ? "step" : undefined} className={i < stage ? "past" : undefined}>
            <Badge tone={i === stage ? "accent" : i < stage ? "good" : ""}>{t(`allotment.state.${each}`)}</Badge>
            <span className="note">
              {each === "open" && `${format.day(opens)} – ${format.day(closes)}`}
              {each === "reviewing" && t("allotment.panel", { reviewers: reviewers.length, each: reviewsEach })}
              {each === "decided" && `${format.day(grantsFrom)} – ${format.day(grantsUntil)}`}
            </span>
          </li>
        ))}
      </ol>
      <Pools call={call} />
      <p className="note">
        {t("allotment.terms", { cap: format.number(capPerOrganisation), pass: passMark })} ·{" "}
        {criteria.map((each) => `${each.id} ${each.weight}`).join(" · ")}
      </p>
      <div className="actions">
        {call.state === "open" && may(who, "allotment.apply") && <Apply call={call} who={who} />}
        {may(who, "allotment.manage") && <CallActions call={call} />}
      </div>
    </Card>
  );
}

/** The GPUs of each sector and how many of them are held, from the call's public report. */
function Pools({ call }: { readonly call: AllotmentCall }) {
  const { t, format } = useSpeech();
  const report = useReport(call.call.id).data;
  return (
    <ul className="bars pools">
      {call.call.pools.map(({ sector, gpus, krwPerGpuH }, i) => {
        const held = report?.sectors.find((each) => each.sector === sector)?.gpusHeld ?? 0;
        return (
          <li key={sector}>
            <span>
              {t(`allotment.sector.${sector}`)}{" "}
              <span className="note">
                {krwPerGpuH === 0 ? t("allotment.free") : t("allotment.perHour", { krw: format.krw(krwPerGpuH) })}
              </span>
            </span>
            <span className="dim">{t("allotment.held", { held: format.number(held), pool: format.number(gpus) })}</span>
            <Meter share={held / gpus} color={`var(--t${i + 1})`} />
          </li>
        );
      })}
    </ul>
  );
}
