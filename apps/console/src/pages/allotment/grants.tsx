import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "react-aria-components";
import { queryClient, useApi } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { AllotmentCall, Grant, Who } from "../../api/types.ts";
import type { MessageKey } from "../../i18n/en.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Badge, Card, Failure, Meter, type Tone } from "../../parts/parts.tsx";
import { may } from "../tokens/may.ts";
import { useReport } from "./pools.tsx";

const TONES: Readonly<Record<Grant["state"], Tone>> = {
  offered: "accent",
  active: "good",
  warned: "warn",
  declined: "",
  reclaimed: "bad",
  ended: "",
};
const HELD: readonly Grant["state"][] = ["offered", "active", "warned"];

/** Grants with their use against the plan; those who got one answer it, whoever runs the call may take it back. */
export function Grants({ call, who }: { readonly call: AllotmentCall; readonly who: Who | null }) {
  const { t, format } = useSpeech();
  const query = useApi<readonly Grant[]>(`/api/v1/allotment/calls/${encodeURIComponent(call.call.id)}/grants`, 15_000);
  const report = useReport(call.call.id).data;
  const act = useMutation({
    mutationFn: ({ id, what, body }: { readonly id: number; readonly what: "answer" | "reclaim"; readonly body: unknown }) =>
      ask(`/api/v1/allotment/grants/${id}/${what}`, { method: "POST", body }),
    onSuccess: () => queryClient.invalidateQueries(),
  });
  return (
    <Card title={t("allotment.grants")} className="c12" flush>
      {act.error !== null && <Failure error={act.error} />}
      <Answer query={query}>
        {(grants) =>
          grants.length === 0 ? (
            <p className="empty">{t("allotment.noGrants")}</p>
          ) : (
            <div className="table-box">
              <table data-testid="grants">
                <thead>
                  <tr>
                    <th className="num">#</th>
                    <th>{t("allotment.organisation")}</th>
                    <th className="num">{t("work.gpus")}</th>
                    <th>{t("allotment.time")}</th>
                    <th>{t("allotment.used")}</th>
                    <th className="num">{t("allotment.cost")}</th>
                    <th>{t("work.state")}</th>
                    <th aria-label={t("allotment.reclaim")} />
                  </tr>
                </thead>
                <tbody>
                  {grants.map((grant) => {
                    const used = report?.grants.find(
                      ({ organisation, gpus }) => organisation === grant.organisation && gpus === grant.gpus,
                    )?.usedPercent;
                    return (
                      <tr key={grant.id}>
                        <td className="num dim">{grant.id}</td>
                        <td className="name" title={grant.organisation}>
                          {grant.organisation}
                          <span className="sub">{t(`allotment.sector.${grant.sector}` as MessageKey)}</span>
                        </td>
                        <td className="num">{format.number(grant.gpus)}</td>
                        <td className="nowrap">
                          {format.date(grant.fromMs)} – {format.date(grant.untilMs)}
                        </td>
                        <td className="slo">
                          <b>{format.percent(used === undefined ? undefined : used / 100)}</b>{" "}
                          <span className="note">/ {format.percent(grant.plannedUse / 100)}</span>
                          <Meter
                            share={(used ?? 0) / grant.plannedUse}
                            tone={used !== undefined && used < grant.plannedUse / 2 ? "warn" : "good"}
                          />
                        </td>
                        <td className="num">{format.krw(Number(grant.costSoFarKrw))}</td>
                        <td title={grant.reason}>
                          <Badge tone={TONES[grant.state]}>{t(`allotment.grant.${grant.state}`)}</Badge>
                        </td>
                        <td className="num">
                          {grant.state === "offered" && may(who, "allotment.apply") && (
                            <>
                              <Button
                                className="button small"
                                onPress={() => act.mutate({ id: grant.id, what: "answer", body: { accepts: true } })}
                              >
                                {t("allotment.accept")}
                              </Button>{" "}
                              <Button
                                className="button small"
                                onPress={() => act.mutate({ id: grant.id, what: "answer", body: { accepts: false } })}
                              >
                                {t("allotment.decline")}
                              </Button>{" "}
                            </>
                          )}
                          {HELD.includes(grant.state) && may(who, "allotment.manage") && (
                            <Reclaim onReason={(reason) => act.mutate({ id: grant.id, what: "reclaim", body: { reason } })} />
                          )}
                        </td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </div>
          )
        }
      </Answer>
    </Card>
  );
}

/** Taking back needs a reason: it is on record, and whoever loses it reads it. */
function Reclaim({ onReason }: { readonly onReason: (reason: string) => void }) {
  const { t } = useSpeech();
  const [reason, setReason] = useState<string>();
  if (reason === undefined) {
    return (
      <Button className="button small danger" onPress={() => setReason("")}>
        {t("allotment.reclaim")}
      </Button>
    );
  }
  return (
    <form
      className="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        onReason(reason);
        setReason(undefined);
      }}
    >
      <input
        className="input slim"
        required
        maxLength={500}
        autoFocus
        aria-label={t("allotment.reclaimWhy")}
        placeholder={t("allotment.reclaimWhy")}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Button type="submit" className="button small danger">
        {t("allotment.reclaim")}
      </Button>
    </form>
  );
}
