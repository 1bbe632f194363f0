import { Button } from "react-aria-components";
import { useSite } from "../../api/queries.ts";
import type { GridEvent } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Badge, Card, Meter } from "../../parts/parts.tsx";
import { TableBox } from "../../parts/table.tsx";
import { useTenantColour } from "../tenant-colours.ts";

/** Every event with its response and settlement, and of the chosen one the value lost by tenant. */
export function EventsCard(props: {
  readonly query: { readonly data: readonly GridEvent[] | undefined; readonly error: unknown; readonly refetch: () => unknown };
  readonly chosen: string | undefined;
  readonly onChoose: (id: string) => void;
}) {
  const { query, chosen, onChoose } = props;
  const { t, format } = useSpeech();
  const event = query.data?.find(({ id }) => id === chosen);
  return (
    <>
      <Card title={t("grid.settled")} className="c8 stretch" flush>
        <Answer query={query}>
          {(events) =>
            events.length === 0 ? (
              <p className="empty">{t("grid.noSettled")}</p>
            ) : (
              <TableBox>
                <table data-testid="grid-events">
                  <thead>
                    <tr>
                      <th>{t("grid.from")}</th>
                      <th>{t("grid.feed")}</th>
                      <th className="num">{t("grid.limit")}</th>
                      <th>{t("grid.state")}</th>
                      <th className="num">{t("grid.reduced")}</th>
                      <th className="num">{t("grid.tokensLost")}</th>
                      <th className="num">{t("grid.cost")}</th>
                      <th className="num">{t("grid.paid")}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {events.map((each) => (
                      <tr key={each.id} className={each.id === chosen ? "chosen pick" : "pick"}>
                        <td className="nowrap">
                          <Button className="link" onPress={() => onChoose(each.id)}>
                            {format.clock(each.fromMs)}
                          </Button>
                        </td>
                        <td>{each.feed ?? t("grid.allFeeds")}</td>
                        <td className="num">{format.power(each.limitW)}</td>
                        <td>
                          <State event={each} />
                        </td>
                        <td className="num">{format.energy(each.response?.reducedEnergyJ)}</td>
                        <td className="num">{format.compact(each.cost?.tokensLost)}</td>
                        <td className="num">{format.krw(each.cost?.lostKrw)}</td>
                        <td className="num">{format.krw(each.settlement?.paidKrw)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </TableBox>
            )
          }
        </Answer>
      </Card>
      <LostCard event={event} />
    </>
  );
}

function State({ event }: { readonly event: GridEvent }) {
  const { t, format } = useSpeech();
  const { state, response, untilMs, nowMs, breaches } = event;
  const told = new Set(breaches.map(({ status }) => status));
  if (state !== "over" && told.size > 0 && !told.has("resolved")) return <Badge tone="bad">{t("grid.breach")}</Badge>;
  if (state === "ahead") return <Badge>{t("work.state.waiting")}</Badge>;
  if (state !== "over") {
    const left = untilMs === null ? "" : ` · ${format.duration((untilMs - nowMs) / 1000)}`;
    return <Badge tone="accent">{`${t("grid.running")}${left}`}</Badge>;
  }
  if (response === null) return <Badge>{t("unknown")}</Badge>;
  const seconds = response.timeToComplyS === null ? "" : ` · ${t("grid.complied", { seconds: format.number(response.timeToComplyS) })}`;
  return <Badge tone={response.met ? "good" : "bad"}>{`${response.met ? t("grid.met") : t("grid.notMet")}${seconds}`}</Badge>;
}

function LostCard({ event }: { readonly event: GridEvent | undefined }) {
  const { t, format } = useSpeech();
  const tenants = useSite().data?.tenants;
  const tenantColor = useTenantColour();
  const cost = event?.cost;
  const lost = Object.entries(cost?.byTenant ?? {}).toSorted(([, a], [, b]) => b.lostKrw - a.lostKrw);
  const most = Math.max(1, ...lost.map(([, { lostKrw }]) => lostKrw));
  return (
    <Card title={`${t("grid.cost")} · ${t("grid.byTenant")}`} className="c4 stretch">
      {lost.length === 0 && <p className="empty">{t("grid.chainNoCost")}</p>}
      <ul className="bars">
        {lost.map(([id, { lostKrw, tokensLost }]) => (
          <li key={id}>
            <span>{tenants?.find((tenant) => tenant.id === id)?.name ?? id}</span>
            <span className="num">
              <b>{format.krw(lostKrw)}</b> <span className="dim">{format.compact(tokensLost)}</span>
            </span>
            <Meter share={lostKrw / most} color={tenantColor(id)} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
