import { useState } from "react";
import { useApi, useSite } from "../../api/queries.ts";
import { useLive } from "../../api/live.ts";
import type { Statement, Tenant } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Card } from "../../parts/parts.tsx";

/** A tenant's month as it stands. Tenants are those with accounts and those whose work the site file names. */
export function Statements() {
  const { t, format } = useSpeech();
  const tenants = useApi<readonly Tenant[]>("/api/v1/tenants").data;
  const site = useSite().data;
  const nowMs = useLive().state?.atMs;
  const thisMonth = monthOf(nowMs, site?.timezone);
  const names = new Map([...(tenants ?? []), ...(site?.tenants ?? [])].map(({ id, name }) => [id, name]));
  const [tenant, setTenant] = useState("");
  const [month, setMonth] = useState("");
  const [shownTenant, shownMonth] = [tenant || [...names.keys()][0], month || thisMonth];
  const path =
    shownTenant === undefined || shownMonth === undefined
      ? undefined
      : `/api/v1/statements/${encodeURIComponent(shownTenant)}/${shownMonth}`;
  const query = useApi<Statement>(path);
  return (
    <Card
      title={t("tokens.statements")}
      flush
      aside={
        <>
          <select
            className="select slim"
            aria-label={t("tokens.tenant")}
            value={shownTenant}
            onChange={(event) => setTenant(event.currentTarget.value)}
          >
            {[...names].map(([id, name]) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
          <input
            className="input slim"
            type="month"
            aria-label={t("tokens.month")}
            value={shownMonth ?? ""}
            onChange={(event) => setMonth(event.currentTarget.value)}
          />
          {path !== undefined && (
            <a className="button small" href={`${path}/focus.csv`} download>
              {t("tokens.csv")}
            </a>
          )}
        </>
      }
    >
      <Answer query={query}>
        {({ lines, unpriced, subtotalKrw, creditsKrw, totalKrw }) => (
          <>
            {lines.length === 0 ? (
              <p className="empty">{t("tokens.noLines")}</p>
            ) : (
              <div className="table-box">
                <table data-testid="statement">
                  <thead>
                    <tr>
                      <th>{t("tokens.item")}</th>
                      <th>{t("tokens.model")}</th>
                      <th className="num">{t("tokens.quantity")}</th>
                      <th className="num">{t("tokens.price")}</th>
                      <th className="num">{t("tokens.amount")}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {lines.map((line, i) => (
                      <tr key={i}>
                        <td>{line.item}</td>
                        <td>{line.modelId || line.acceleratorId || "–"}</td>
                        <td className="num">
                          {format.number(Number(line.quantity))} {line.unit}
                        </td>
                        <td className="num">{`${format.krw(line.krwPerUnit)} / ${format.compact(line.per)}`}</td>
                        <td className="num">{format.krw(line.amountKrw)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
            <dl className="facts totals">
              <div>
                <dt>{t("tokens.subtotal")}</dt>
                <dd>{format.krw(subtotalKrw)}</dd>
              </div>
              <div>
                <dt>{t("tokens.credits")}</dt>
                <dd>{format.krw(creditsKrw)}</dd>
              </div>
              <div>
                <dt>{t("tokens.total")}</dt>
                <dd>{format.krw(totalKrw)}</dd>
              </div>
            </dl>
            {unpriced.length > 0 && <p className="note pad">{t("tokens.unpriced", { items: unpriced.join(", ") })}</p>}
          </>
        )}
      </Answer>
    </Card>
  );
}

/** `2026-11`, where the site is. */
function monthOf(atMs: number | undefined, timeZone: string | undefined): string | undefined {
  if (atMs === undefined || timeZone === undefined) return undefined;
  return new Intl.DateTimeFormat("sv-SE", { timeZone, year: "numeric", month: "2-digit" }).format(atMs);
}
