import type { FactoryState, WorkState } from "../../api/types.ts";
import type { Format } from "../../i18n/format.ts";
import type { Translate } from "../../i18n/language.tsx";
import type { FlowLink, FlowNode } from "./flow-layout.ts";

/** Works shown one by one, the largest first; the rest are one. */
const WORKS_SHOWN = 9;

/** The factory's watts from its feeds to what is made of them. Racks' power is shared out to works by their GPUs. */
export function flowOf(
  state: FactoryState,
  works: readonly WorkState[],
  tenantColor: (id: string) => string,
  t: Translate,
  format: Format,
) {
  const { sitePowerW, itPowerW, lossPowerW, coolingPowerW, facilityPowerW, bessPowerW } = state;
  const nodes: FlowNode[] = [
    ...state.feeds.map(({ tag }) => ({ id: `feed:${tag}`, name: tag, column: 0, color: "var(--info)" })),
    ...(bessPowerW < 0 ? [{ id: "battery-out", name: t("use.battery"), column: 0, color: "var(--battery)" }] : []),
    { id: "site", name: t("use.site"), column: 1, color: "var(--info)" },
    { id: "it", name: t("use.it"), column: 2, color: "var(--gpus)" },
    { id: "loss", name: t("use.losses"), column: 2, color: "var(--losses)" },
    { id: "cooling", name: t("use.cooling"), column: 2, color: "var(--cooling)" },
    { id: "facility", name: t("use.facility"), column: 2, color: "var(--facility)" },
    { id: "battery-in", name: t("use.battery"), column: 2, color: "var(--battery)" },
  ];
  const feedsW = state.feeds.reduce((sum, { powerW }) => sum + powerW, 0);
  const links: FlowLink[] = [
    ...state.feeds.map(({ tag, powerW }) => ({ from: `feed:${tag}`, to: "site", powerW: feedsW > 0 ? (powerW / feedsW) * sitePowerW : 0 })),
    { from: "battery-out", to: "site", powerW: Math.max(0, -bessPowerW) },
    { from: "site", to: "it", powerW: itPowerW },
    { from: "site", to: "loss", powerW: lossPowerW },
    { from: "site", to: "cooling", powerW: coolingPowerW },
    { from: "site", to: "facility", powerW: facilityPowerW },
    { from: "site", to: "battery-in", powerW: Math.max(0, bessPowerW) },
  ].filter(({ from }) => nodes.some(({ id }) => id === from));

  const services = new Map(state.services.map((service) => [service.id, service]));
  const jobs = new Map(state.jobs.map((job) => [job.id, job]));
  const largest = works.toSorted((a, b) => b.powerW - a.powerW);
  const productOf = (id: string) =>
    services.has(id) || jobs.get(id)?.kind === "batch" ? "tokens" : jobs.get(id)?.kind === "simulation" ? "simulation" : "trained";
  let worksW = 0;
  for (const [i, work] of largest.entries()) {
    const id = i < WORKS_SHOWN ? `work:${work.id}` : "work:…";
    if (!nodes.some((node) => node.id === id))
      nodes.push({ id, name: i < WORKS_SHOWN ? work.id : "…", column: 3, color: tenantColor(work.tenantId), tenantId: work.tenantId });
    links.push({ from: "it", to: id, powerW: work.powerW }, { from: id, to: productOf(work.id), powerW: work.powerW });
    worksW += work.powerW;
  }
  nodes.push(
    { id: "idle", name: t("use.idle"), column: 3, color: "var(--idle)" },
    {
      id: "tokens",
      name: t("nav.tokens"),
      column: 4,
      color: "var(--accent)",
      text: t("product.tokens", { value: format.compact(state.tokensPerS) }),
    },
    {
      id: "trained",
      name: t("work.kind.training"),
      column: 4,
      color: "var(--good)",
      text: t("product.trained", { value: format.compact(state.trainedTokensPerS) }),
    },
    { id: "simulation", name: t("product.simulation"), column: 4, color: "var(--facility)", text: t("product.simulation") },
  );
  links.push({ from: "it", to: "idle", powerW: Math.max(0, itPowerW - worksW) });
  return { nodes, links };
}
