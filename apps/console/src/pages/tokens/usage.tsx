import { useState } from "react";
import { Link } from "wouter";
import { useApi } from "../../api/queries.ts";
import type { UsageSum } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Card, Meter, Segments } from "../../parts/parts.tsx";
import { Table } from "../../parts/table.tsx";

const GROUPS = ["model", "tenant", "project", "key"] as const;
type Group = (typeof GROUPS)[number];
const EVERY_MS = 5_000;

const output = ({ meters }: UsageSum) => Number(meters.outputTokens);

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
          const rows = sums.toSorted((a, b) => output(b) - output(a));
          const most = Math.max(1, ...rows.map(output));
          const nameOf = ({ group }: UsageSum) => group[by] ?? "";
          return (
            <Table
              label={t("tokens.usage")}
              testId="usage"
              empty={t("tokens.noUsage")}
              rows={rows}
              rowKey={nameOf}
              columns={[
                {
                  head: t(`tokens.by.${by}`),
                  name: nameOf,
                  cell: (row) =>
                    nameOf(row) === "" ? (
                      "–"
                    ) : (
                      <Link className="link" href={`/why?${by}=${encodeURIComponent(nameOf(row))}`}>
                        {nameOf(row)}
                      </Link>
                    ),
                },
                { head: t("tokens.requests"), isNumber: true, cell: ({ meters }) => format.number(Number(meters.requests)) },
                {
                  head: t("tokens.prompt"),
                  isNumber: true,
                  cell: ({ meters }) => format.compact(Number(meters.promptTokens) + Number(meters.cachedTokens)),
                },
                { head: t("tokens.output"), isNumber: true, cell: (row) => format.compact(output(row)) },
                { head: t("tokens.share"), isQuiet: true, className: "bar-cell", cell: (row) => <Meter share={output(row) / most} /> },
                { head: t("tokens.energy"), isNumber: true, cell: ({ meters }) => format.energy(Number(meters.facilityMilliJ) / 1e3) },
                { head: t("tokens.carbon"), isNumber: true, cell: ({ meters }) => format.mass(Number(meters.carbonMilliG) / 1e3) },
                { head: t("tokens.listCost"), isNumber: true, cell: ({ listCostMicroKrw }) => format.krw(Number(listCostMicroKrw) / 1e6) },
              ]}
            />
          );
        }}
      </Answer>
    </Card>
  );
}
