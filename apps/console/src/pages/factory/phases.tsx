import type { Site } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Badge, Card } from "../../parts/parts.tsx";

/** How the site grows: each phase with its date and envelope, drawn to scale, and the one that runs. */
export function Phases({ site }: { readonly site: Site }) {
  const { t, format } = useSpeech();
  const most = Math.max(...site.phases.map(({ envelopeW }) => envelopeW));
  return (
    <Card title={t("factory.phases")} className="c12">
      <ol className="phases">
        {site.phases.map(({ id, name, date, envelopeW }) => (
          <li key={id} aria-current={id === site.phase.id ? "step" : undefined}>
            <i style={{ height: `${Math.max(3, (envelopeW / most) * 100)}%` }} aria-hidden="true" />
            <span>
              <b>{format.power(envelopeW)}</b> {id === site.phase.id && <Badge tone="accent">{t("factory.phaseNow")}</Badge>}
              <span className="note">
                {name} · {format.date(Date.parse(date))}
              </span>
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}
