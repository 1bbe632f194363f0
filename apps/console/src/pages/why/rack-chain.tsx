import { Link } from "wouter";
import { useApi, useFacts } from "../../api/queries.ts";
import type { RackWhy } from "../../api/types.ts";
import type { MessageKey } from "../../i18n/en.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Card } from "../../parts/parts.tsx";
import { useClock } from "../../shell/clock.tsx";
import { may } from "../tokens/may.ts";
import { type Step, Steps } from "./step.tsx";

/** From the contract, or the grid's message, down to what a rack may draw and whose work that is. */
export function RackChain({ rack }: { readonly rack: string }) {
  const { t, format } = useSpeech();
  const who = useFacts().data?.who ?? null;
  const { atMs } = useClock();
  const path = `/api/why/rack?rack=${encodeURIComponent(rack)}`;
  const query = useApi<RackWhy>(atMs === undefined ? path : `${path}&at=${atMs}`, atMs === undefined ? 2_000 : undefined);
  const stepsOf = ({ limitW, provisionedW, powerW, isHeld, envelopes, cap, works, trace }: RackWhy): readonly Step[] => [
    ...envelopes.map(({ feed, targetId, ...watts }): Step => {
      const words = { limit: format.power(watts.limitW), contract: format.power(watts.contractW), drawn: format.power(watts.drawnW) };
      return {
        key: `envelope ${feed ?? ""}`,
        link: targetId === null ? "power" : "grid",
        title: feed === null ? t("why.rackSite", words) : t("why.rackFeed", { ...words, feed }),
        more: targetId !== null && <span>{t("why.rackTarget", { id: targetId })}</span>,
      };
    }),
    {
      key: "held",
      link: "power",
      title: isHeld
        ? t("why.rackHeld", { limit: format.power(limitW), provisioned: format.power(provisionedW) })
        : t("why.rackFree", { limit: format.power(provisionedW) }),
    },
    ...(atMs === undefined ? [{ key: "cap", link: "power", title: capText(cap) } satisfies Step] : []),
    ...works.map(({ id, tenantId, serviceClass, speed }): Step => ({
      key: `work ${id}`,
      link: "work",
      title: t("why.rackWork", {
        id,
        tenant: tenantId,
        class: t(`work.class.${serviceClass}` as MessageKey),
        speed: format.percent(speed),
      }),
      more: may(who, "usage.read") && (
        <Link className="link" href={`/why?tenant=${encodeURIComponent(tenantId)}`}>
          {t("why.rackUsage")} ›
        </Link>
      ),
    })),
    ...(works.length === 0 ? [{ key: "idle", link: "work", title: t("why.rackIdle") } satisfies Step] : []),
    {
      key: "now",
      link: "power",
      title: t("why.rackNow", { power: format.power(powerW), limit: format.power(limitW) }),
      ...(trace !== null && { kind: trace }),
      more: trace !== null && may(who, "journal.read") && (
        <Link className="link" href={`/why/${trace}`}>
          {t("why.rackTrace")} ›
        </Link>
      ),
    },
  ];
  const capText = (cap: RackWhy["cap"]): string => {
    if (cap === null) return t("why.rackUntold");
    const time = format.clock(cap.atMs);
    if (cap.validForS === 0) return t("why.rackFallback", { time });
    return t("why.rackCap", { time, gpu: format.power(cap.gpuCapW), seconds: format.number(cap.validForS) });
  };
  return (
    <Card title={t("why.rack", { rack })} className="c12">
      <Answer query={query}>{(why) => <Steps steps={stepsOf(why)} testId="rack-chain" />}</Answer>
    </Card>
  );
}
