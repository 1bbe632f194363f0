import { Link } from "wouter";
import { useApi, useFacts } from "../../api/queries.ts";
import type { GridEvent } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { may } from "../tokens/may.ts";

/** From what is held for a load target to the chain of that target. Nothing where nothing holds it, or the journal may not be read. */
export function HeldWhy({ targetId }: { readonly targetId: string | null }) {
  const { t } = useSpeech();
  const facts = useFacts().data;
  const isShown = targetId !== null && may(facts?.who ?? null, "journal.read");
  const events = useApi<readonly GridEvent[]>(isShown ? "/api/grid/events" : undefined, 5_000).data;
  const event = events?.find(({ id }) => id === targetId);
  if (!isShown || event === undefined) return null;
  return (
    <Link className="link" href={`/why/${event.trace}`}>
      {t("why.held")} ›
    </Link>
  );
}
