import type { FactoryState, Site, Steering } from "../../api/types.ts";
import type { Format } from "../../i18n/format.ts";
import type { Translate } from "../../i18n/language.tsx";

export interface Watched {
  readonly tone: "warn" | "bad";
  readonly text: string;
  /** Where the page goes when it is chosen. */
  readonly rack?: string;
  readonly node?: string;
}

const NEAR_FEED = 0.9;
const NEAR_RACK = 0.97;
const NEAR_INLET_C = 2;
/** Of what is promised: from here on it is told, before it is broken. */
const NEAR_SLO = 0.9;

/** What is at a limit or about to be, worst first. `maxInletC`: of the racks. */
export function watchList(
  state: FactoryState,
  steering: Steering | null | undefined,
  site: Site,
  maxInletC: number,
  t: Translate,
  format: Format,
): readonly Watched[] {
  const found: Watched[] = [];
  const say = (tone: Watched["tone"], text: string, where: Pick<Watched, "rack" | "node"> = {}) => found.push({ tone, text, ...where });
  for (const { tag, powerW, limitW } of state.feeds) {
    if (powerW >= limitW * NEAR_FEED)
      say(powerW > limitW ? "bad" : "warn", t("watch.feed", { id: tag, value: format.percent(powerW / limitW) }), { node: tag });
  }
  if (steering !== null && steering !== undefined) {
    const { criticalCuts, devices, caps } = steering;
    for (const { rack } of criticalCuts.slice(0, 3)) say("bad", t("watch.critical", { id: rack }), { rack });
    if (devices.silent.length > 0) say("bad", t("watch.silent", { count: devices.silent.length }), { rack: devices.silent[0] });
    if (devices.disobedient.length > 0)
      say("bad", t("watch.disobedient", { count: devices.disobedient.length }), { rack: devices.disobedient[0] });
    if (caps.shortW > 1) say("bad", t("watch.short", { value: format.power(caps.shortW) }));
  }
  if (state.failedGpus > 0) say("warn", t("watch.failed", { count: format.number(state.failedGpus) }));
  for (const { id, ttftP99S, itlP99S } of state.services) {
    const workload = site.workloads.find((each) => each.id === id);
    if (workload?.kind !== "inference") continue;
    const { slo } = workload;
    for (const [meter, value, promised] of [
      ["TTFT", ttftP99S, slo.ttftS],
      ["ITL", itlP99S, slo.itlS],
    ] as const) {
      if (value === null || value < promised * NEAR_SLO) continue;
      say(value > promised ? "bad" : "warn", t("watch.slo", { id, meter, value: format.latency(value), slo: format.latency(promised) }));
    }
  }
  for (const { id, powerW, limitW, inletC } of state.worstRacks.slice(0, 3)) {
    if (inletC >= maxInletC - NEAR_INLET_C)
      say(inletC >= maxInletC ? "bad" : "warn", t("watch.inlet", { id, value: format.temp(inletC) }), { rack: id });
    else if (powerW >= limitW * NEAR_RACK)
      say(powerW > limitW ? "bad" : "warn", t("watch.rack", { id, power: format.power(powerW), limit: format.power(limitW) }), {
        rack: id,
      });
  }
  if (state.queuedRequests >= 1) say("warn", t("watch.queue", { count: format.number(state.queuedRequests) }));
  return found.toSorted((a, b) => Number(b.tone === "bad") - Number(a.tone === "bad"));
}
