import { useApi } from "../../api/queries.ts";
import type { AllotmentCall, CallReport } from "../../api/types.ts";
import type { MessageKey } from "../../i18n/en.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Meter } from "../../parts/parts.tsx";

const path = (id: string) => `/api/v1/allotment/calls/${encodeURIComponent(id)}/report`;

export const useReport = (callId: string) => useApi<CallReport>(path(callId), 15_000);

/** The GPUs of each sector and how many of them are held, from the call's public report. */
export function Pools({ call }: { readonly call: AllotmentCall }) {
  const { t, format } = useSpeech();
  const report = useReport(call.call.id).data;
  return (
    <>
      <ul className="bars pools">
        {call.call.pools.map(({ sector, gpus }, i) => {
          const held = report?.sectors.find((each) => each.sector === sector)?.gpusHeld ?? 0;
          return (
            <li key={sector}>
              <span>{t(`allotment.sector.${sector}` as MessageKey)}</span>
              <span className="dim">{t("allotment.held", { held: format.number(held), pool: format.number(gpus) })}</span>
              <Meter share={held / gpus} color={`var(--t${i + 1})`} />
            </li>
          );
        })}
      </ul>
      {report !== undefined && (
        <p className="note">{t("allotment.reviewSummary", { counted: report.reviews.counted, conflicts: report.reviews.conflicts })}</p>
      )}
    </>
  );
}
