import { useState } from "react";
import { Link } from "wouter";
import { useApi } from "../../api/queries.ts";
import type { UsageSum } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Card, Meter, Segments } from "../../parts/parts.tsx";

const GROUPS = ["model", "tenant", "project", "key"] as const;
type Group = (typeof GROUPS)[number];
const EVERY_MS = 5_000;

/** Who used what, from the ledger. */
export function Usage() {
  const { t, format } = useSpeech();
  const [by, setBy] = useState<Group>("model");
  const query = useApi<readonly UsageSum[]>(`/api/v1/usage?by=${by}`, EVERY_MS);
  return (
    <Card
      title={t("tokens.usage")}
      flush
      aside={
        <Segments
          label={t("tokens.by")}
          value={by}
          options={GROUPS.map((each) => [each, t(`tokens.by.${each}`)] as const)}
          onChange={setBy}
        />
      }
    >
      <Answer query={query}>
        {(sums) => {
          const rows = sums.toSorted((a, b) => Number(b.meters.outputTokens ?? 0) - Number(a.meters.outputTokens ?? 0));
          const most = Math.max(1, ...rows.map(({ meters }) => Number(meters.outputTokens ?? 0)));
          if (rows.length === 0) return <p className="empty">{t("tokens.noUsage")}</p>;
          return (
            <div className="table-box">
              <table data-testid="usage">
                <thead>
                  <tr>
                    <th>{t(`tokens.by.${by}`)}</th>
                    <th className="num">{t("tokens.requests")}</th>
                    <th className="num">{t("tokens.prompt")}</th>
                    <th className="num">{t("tokens.output")}</th>
                    <th aria-label={t("tokens.output")} />
                    <th className="num">{t("tokens.energy")}</th>
                    <th className="num">{t("tokens.carbon")}</th>
                    <th className="num">{t("tokens.listCost")}</th>
                  </tr>
                </thead>
                <tbody>
                  {rows.map(({ group, meters, listCostMicroKrw }, i) => (
                    <tr key={group[by] ?? i}>
                      <td className="name" title={group[by]}>
                        {group[by] === "" || group[by] === undefined ? (
                          "–"
                        ) : (
                          <Link className="link" href={`/why?${by}=${encodeURIComponent(group[by])}`}>
                            {group[by]}
                          </Link>
                        )}
                      </td>
                      <td className="num">{format.number(Number(meters.requests ?? 0))}</td>
                      <td className="num">{format.compact(Number(meters.promptTokens ?? 0) + Number(meters.cachedTokens ?? 0))}</td>
                      <td className="num">{format.compact(Number(meters.outputTokens ?? 0))}</td>
                      <td className="bar-cell">
                        <Meter share={Number(meters.outputTokens ?? 0) / most} />
                      </td>
                      <td className="num">{format.energy(Number(meters.facilityMilliJ ?? 0) / 1e3)}</td>
                      <td className="num">{format.mass(Number(meters.carbonMilliG ?? 0) / 1e3)}</td>
                      <td className="num">{format.krw(Number(listCostMicroKrw) / 1e6)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          );
        }}
      </Answer>
    </Card>
  );
}
