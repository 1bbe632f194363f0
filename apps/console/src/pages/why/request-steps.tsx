import { Link } from "wouter";
import type { BilledUsage, LoggedRequest } from "../../api/types.ts";
import type { Format } from "../../i18n/format.ts";
import type { Translate } from "../../i18n/language.tsx";
import { Details, type Step } from "./step.tsx";

/** A request from the door to its answer: asked, judged by policy, let in, answered; or where it was turned away. */
export function requestSteps(
  requests: readonly LoggedRequest[],
  usage: readonly BilledUsage[],
  t: Translate,
  format: Format,
): readonly Step[] {
  const recordedMs = new Map(usage.map((row) => [row.record.id, row.recordedMs]));
  return requests.flatMap((request) => {
    const { requestId, atMs, tookMs, path, keyId, projectId, modelId, rules, waitedMs, servedBy, error, refusal, because, left } = request;
    const step = (name: string, at: number, title: string, more?: Step["more"]): Step => ({
      key: `${requestId} ${name}`,
      atMs: at,
      link: "tokens",
      title,
      kind: `gateway.${name}`,
      more,
    });
    const grid = because !== null && (
      <Link className="link" href={`/why/${because}`}>
        {t("why.becauseGrid")} ›
      </Link>
    );
    const isForbidden = error !== null && waitedMs === null && refusal !== null && rules !== null && /policy|residency/.test(error);
    const named = (rules ?? []).join(", ");
    const judged = isForbidden
      ? t("why.forbidden", { rules: named })
      : rules === null || rules.length === 0
        ? t("why.allowedPlain")
        : t("why.allowed", { rules: named });
    const admittedMs = atMs + (waitedMs ?? 0);
    const seconds = (ms: number) => format.number(ms / 1000, 2);
    return [
      step(
        "asked",
        atMs,
        t("why.asked", { model: modelId ?? t("why.noModel"), path, key: keyId, project: projectId }),
        <span className="note mono">{requestId}</span>,
      ),
      ...(rules === null ? [] : [step("judged", atMs, judged)]),
      ...(waitedMs === null
        ? []
        : [step("admitted", admittedMs, waitedMs > 0 ? t("why.waited", { seconds: seconds(waitedMs) }) : t("why.admitted"), grid)]),
      ...(servedBy === null
        ? []
        : [
            step(
              "answered",
              Math.min(atMs + tookMs, recordedMs.get(requestId) ?? Infinity), // its end is sent once the record is durable
              t("why.served", {
                model: servedBy.modelId,
                site: servedBy.site,
                jurisdiction: servedBy.jurisdiction,
                seconds: seconds(tookMs),
              }),
              servedBy.simulated && <span className="note">{t("why.servedBySimulation")}</span>,
            ),
          ]),
      ...(error === null
        ? []
        : [
            step(
              "refused",
              atMs + tookMs,
              t("why.refused", { code: error }),
              <>
                {refusal !== null && <span>{refusal}</span>} {waitedMs === null && grid}
              </>,
            ),
          ]),
      ...(left ? [step("left", atMs + tookMs, t("why.left"))] : []),
    ];
  });
}

/** What was used under the trace, and where it stands in the bill. */
export function usageSteps(usage: readonly BilledUsage[], t: Translate, format: Format): readonly Step[] {
  return usage.flatMap(({ seq, recordedMs, listCostMicroKrw, record, bill }) => {
    const meter = (name: keyof typeof record.meters) => record.meters[name] ?? 0;
    const figures = {
      prompt: format.number(meter("promptTokens") + meter("cachedTokens")),
      output: format.number(meter("outputTokens")),
      energy: format.energy(meter("facilityMilliJ") / 1e3),
      carbon: format.mass(meter("carbonMilliG") / 1e3),
      cost: format.krwFine(Number(listCostMicroKrw) / 1e6),
    };
    const { month, planId, lines, issued } = bill;
    const of = { tenant: record.tenantId, month };
    const billed =
      planId === undefined
        ? t("why.billNone", of)
        : issued === undefined
          ? t("why.billOpen", of)
          : t("why.billIssued", { ...of, version: issued });
    const told = lines.map(({ item, quantity, per, unit, krwPerUnit }) =>
      t("why.billLine", {
        item: t(`tokens.item.${item}`),
        quantity: format.compact(quantity / per),
        unit: t(`tokens.unit.${unit as "kWh"}`),
        price: format.krw(krwPerUnit),
        amount: format.krwFine((quantity * krwPerUnit) / per),
      }),
    );
    return [
      {
        key: `usage ${seq}`,
        atMs: recordedMs,
        link: "accounts",
        title: t(record.kind === "request" ? "why.recorded" : "why.recordedJob", figures),
        kind: t("why.record", { seq }),
        more: <Details title={t("why.data")} data={record} />,
      },
      {
        key: `bill ${seq}`,
        atMs: recordedMs,
        link: "accounts",
        title: billed,
        ...(planId !== undefined && { kind: `${planId} v${bill.planVersion}` }),
        more: told.length > 0 && (
          <ul className="bill-lines" aria-label={t("why.billLines")}>
            {told.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        ),
      },
    ] satisfies readonly Step[];
  });
}
