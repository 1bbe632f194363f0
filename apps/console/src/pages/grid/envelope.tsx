import type { Steering } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Card, Meter } from "../../parts/parts.tsx";
import { TableBox } from "../../parts/table.tsx";

/** What each feed may draw: by contract, now, and where that goes. */
export function EnvelopeCard({ steering }: { readonly steering: Steering | undefined }) {
  const { t, format } = useSpeech();
  return (
    <Card title={t("grid.envelope")} className="c7 stretch" flush>
      <TableBox>
        <table>
          <thead>
            <tr>
              <th>{t("grid.feed")}</th>
              <th className="num">{t("grid.contract")}</th>
              <th className="num">{t("grid.inForce")}</th>
              <th className="num">{t("grid.goal")}</th>
              <th className="num">{t("grid.drawn")}</th>
              <th aria-label={t("drill.load")} />
            </tr>
          </thead>
          <tbody>
            {steering?.envelope.map(({ feed, contractW, limitW, goalW, drawnW }) => (
              <tr key={feed ?? ""}>
                <td>{feed ?? t("use.site")}</td>
                <td className="num">{format.power(contractW)}</td>
                <td className="num">{format.power(limitW)}</td>
                <td className="num">{format.power(goalW)}</td>
                <td className="num live-value">{format.power(drawnW)}</td>
                <td className="bar-cell">
                  <Meter share={(drawnW ?? 0) / limitW} tone={(drawnW ?? 0) > limitW ? "bad" : ""} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </Card>
  );
}

/** Load targets in the book, in force and to come. */
export function ScheduleCard({ steering }: { readonly steering: Steering | undefined }) {
  const { t, format } = useSpeech();
  return (
    <Card title={t("grid.schedule")} className="c5 stretch" flush>
      {steering?.targets.length === 0 && <p className="empty">{t("grid.noTargets")}</p>}
      {(steering?.targets.length ?? 0) > 0 && (
        <TableBox>
          <table>
            <thead>
              <tr>
                <th>{t("grid.feed")}</th>
                <th className="num">{t("grid.limit")}</th>
                <th>{t("grid.from")}</th>
                <th>{t("grid.until")}</th>
              </tr>
            </thead>
            <tbody>
              {steering?.targets.map(({ id, feed, limitW, fromMs, untilMs }) => (
                <tr key={`${id} ${fromMs}`}>
                  <td>{feed ?? t("grid.allFeeds")}</td>
                  <td className="num">{format.power(limitW)}</td>
                  <td className="nowrap">{format.clock(fromMs)}</td>
                  <td className="nowrap">{untilMs === null ? t("grid.open") : format.clock(untilMs)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      )}
    </Card>
  );
}
