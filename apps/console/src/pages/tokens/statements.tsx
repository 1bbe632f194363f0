import { useState } from "react";
import { Button } from "react-aria-components";
import { Link } from "wouter";
import { useLive } from "../../api/live.ts";
import { useApi, useSite } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { IssuedStatement, Statement, Who } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { useAct } from "../../parts/form.tsx";
import { Answer, Card } from "../../parts/parts.tsx";
import { Refusal } from "../../parts/refusal.tsx";
import { Table } from "../../parts/table.tsx";
import { may } from "./may.ts";
import { TenantChoice, useBilledTenants } from "./tenant-choice.tsx";

/** A tenant's month as it stands, and issued when it is over. */
export function Statements({ who }: { readonly who: Who | null }) {
  const { t } = useSpeech();
  const tenants = useBilledTenants();
  const site = useSite().data;
  const nowMs = useLive().state?.atMs;
  const [chosen, choose] = useState("");
  const [month, setMonth] = useState("");
  const tenant = chosen || tenants[0]?.id;
  const shownMonth = month || monthOf(nowMs, site?.timezone);
  const path =
    tenant === undefined || shownMonth === undefined ? undefined : `/api/v1/statements/${encodeURIComponent(tenant)}/${shownMonth}`;
  const query = useApi<Statement>(path);
  return (
    <Card
      title={t("tokens.statements")}
      flush
      aside={
        <>
          <TenantChoice tenants={tenants} value={tenant ?? ""} onChange={choose} />
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
      <Answer query={query}>{(statement) => <Lines statement={statement} />}</Answer>
      {path !== undefined && <Issue key={path} path={path} mayIssue={may(who, "statement.issue")} />}
    </Card>
  );
}

/** The lines, and below them what they come to. */
function Lines({ statement }: { readonly statement: Statement }) {
  const { t, format } = useSpeech();
  const { tenantId, month, lines, credits, unpriced, subtotalKrw, totalKrw } = statement;
  const sum = (name: string, krw: number, className?: string) => (
    <tr key={name} className={className}>
      <td colSpan={2}>{name}</td>
      <td className="num">{format.krw(krw)}</td>
    </tr>
  );
  return (
    <>
      <Table
        label={t("tokens.statements")}
        testId="statement"
        empty={t("tokens.noLines")}
        rows={lines.map((line, place) => ({ ...line, place }))}
        rowKey={({ place }) => place}
        columns={[
          {
            head: t("tokens.item"),
            cell: ({ item, modelId, acceleratorId }) => (
              <>
                {t(`tokens.item.${item}`)}
                <span className="sub">
                  {modelId || acceleratorId || t("tokens.anyModel")} ·{" "}
                  <Link
                    className="link"
                    href={`/why?${new URLSearchParams({ tenant: tenantId, month, ...(modelId && { model: modelId }) })}`}
                  >
                    {t("why.billRecords")} ›
                  </Link>
                </span>
              </>
            ),
          },
          {
            head: t("tokens.quantity"),
            isNumber: true,
            cell: ({ quantity, per, unit, krwPerUnit }) => (
              <>
                {format.number(Number(quantity) / per, 3)} <span className="dim">{t(`tokens.unit.${unit as "kWh"}`)}</span>
                <span className="sub">{t("tokens.at", { krw: format.krw(krwPerUnit) })}</span>
              </>
            ),
          },
          { head: t("tokens.amount"), isNumber: true, cell: ({ amountKrw }) => format.krw(amountKrw) },
        ]}
        foot={
          <>
            {sum(t("tokens.subtotal"), subtotalKrw)}
            {credits.map(({ id, amountKrw }) => sum(t("tokens.credit", { id }), -amountKrw))}
            {sum(t("tokens.total"), totalKrw, "total")}
          </>
        }
      />
      {unpriced.length > 0 && <p className="note pad pad-top">{t("tokens.unpriced", { items: unpriced.join(", ") })}</p>}
    </>
  );
}

/** The newest version that was issued, and for who may, the next one. */
function Issue({ path, mayIssue }: { readonly path: string; readonly mayIssue: boolean }) {
  const { t, format } = useSpeech();
  const issued = useApi<IssuedStatement>(`${path}/issued`);
  const issue = useAct<void, IssuedStatement>(() => ask<IssuedStatement>(`${path}/issue`, { method: "POST" }));
  const known = issued.error === null ? issued.data : undefined; // 404: none yet
  return (
    <div className="issue">
      <Refusal failure={issue.error} />
      <p className="note" data-testid="issued">
        {known === undefined
          ? t("tokens.notIssued")
          : t("tokens.issued", { version: known.version, krw: format.krw(known.statement.totalKrw), hash: known.sha256.slice(0, 16) })}
      </p>
      {mayIssue && (
        <Button className="button small" isPending={issue.isPending} onPress={() => issue.mutate()}>
          {t("tokens.issue")}
        </Button>
      )}
    </div>
  );
}

/** `2026-11`, where the site is. */
function monthOf(atMs: number | undefined, timeZone: string | undefined): string | undefined {
  if (atMs === undefined || timeZone === undefined) return undefined;
  return new Intl.DateTimeFormat("sv-SE", { timeZone, year: "numeric", month: "2-digit" }).format(atMs);
}
