import { useApi } from "../../api/queries.ts";
import type { Chain as ChainAnswer } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Card } from "../../parts/parts.tsx";
import { useClock } from "../../shell/clock.tsx";
import { linkOf } from "./link-of.ts";
import { requestSteps, usageSteps } from "./request-steps.tsx";
import { Details, type Step, Steps } from "./step.tsx";
import { tellEntry } from "./tell-entry.ts";

/** Everything that carries one trace, in the order in which it happened. */
export function Chain({ trace }: { readonly trace: string }) {
  const { t, format } = useSpeech();
  const { atMs: shownMs } = useClock();
  const query = useApi<ChainAnswer>(`/api/why?trace=${encodeURIComponent(trace)}`, 5_000);
  const entrySteps = ({ entries }: ChainAnswer) =>
    entries.map((entry): Step => {
      const { seq, atMs, kind, data } = entry;
      const more = data !== undefined && <Details title={t("why.data")} data={data} />;
      return { key: `entry ${seq}`, atMs, link: linkOf(kind), title: tellEntry(entry, t, format), kind, more };
    });
  const costStep = ({ event }: ChainAnswer): readonly Step[] => {
    if (event?.cost === undefined || event.cost === null) return [];
    const { lostKrw, tokensLost } = event.cost;
    const title = `${t("grid.cost")}: ${format.krw(lostKrw)} · ${format.compact(tokensLost)} ${t("grid.tokensLost").toLocaleLowerCase()}`;
    return [{ key: "cost", link: "accounts", title }];
  };
  return (
    <Card title={t("why.chain", { trace })} className="c12">
      <Answer query={query}>
        {(chain) => {
          const known = [
            ...entrySteps(chain),
            ...requestSteps(chain.requests, chain.usage, t, format),
            ...usageSteps(chain.usage, t, format),
          ];
          const timed = known.filter((step) => shownMs === undefined || (step.atMs ?? 0) <= shownMs);
          // What happened in the same millisecond stays in the order of the chain's links.
          const steps = [...timed.toSorted((a, b) => (a.atMs ?? 0) - (b.atMs ?? 0)), ...(shownMs === undefined ? costStep(chain) : [])];
          return steps.length === 0 ? <p className="empty">{t("why.noChain")}</p> : <Steps steps={steps} testId="why-chain" />;
        }}
      </Answer>
    </Card>
  );
}
