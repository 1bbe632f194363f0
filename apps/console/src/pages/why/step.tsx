import type { ReactNode } from "react";
import { useSpeech } from "../../i18n/language.tsx";
import { Badge } from "../../parts/parts.tsx";
import { LINK_TONES, type ChainLink } from "./link-of.ts";

/** One step of a chain: when, which link of it, what happened, and what is known of it. */
export interface Step {
  readonly key: string;
  /** Undefined: it is so, since nobody knows when. */
  readonly atMs?: number | undefined;
  readonly link: ChainLink;
  readonly title: string;
  /** Its name in the journal or the API, for those who look there. */
  readonly kind?: string;
  readonly more?: ReactNode;
}

export function Steps({ steps, testId }: { readonly steps: readonly Step[]; readonly testId: string }) {
  const { t, format } = useSpeech();
  const firstMs = steps.find(({ atMs }) => atMs !== undefined)?.atMs;
  return (
    <ol className="timeline" data-testid={testId}>
      {steps.map(({ key, atMs, link, title, kind, more }, i) => (
        <li key={key} className={`timeline-step ${LINK_TONES[link]}`}>
          <span className="timeline-time">
            {atMs !== undefined && <time dateTime={new Date(atMs).toISOString()}>{format.clock(atMs)}</time>}
            {i > 0 && atMs !== undefined && firstMs !== undefined && (
              <span className="note">{t("why.step", { seconds: format.number((atMs - firstMs) / 1000, 1) })}</span>
            )}
          </span>
          <span className="timeline-what">
            <Badge tone={LINK_TONES[link]}>{t(`why.link.${link}`)}</Badge> <b>{title}</b>
            {kind !== undefined && <span className="note mono">{kind}</span>}
            {more}
          </span>
        </li>
      ))}
    </ol>
  );
}

export function Details({ title, data }: { readonly title: string; readonly data: unknown }) {
  return (
    <details>
      <summary>{title}</summary>
      <pre>{JSON.stringify(data, null, 2)}</pre>
    </details>
  );
}
