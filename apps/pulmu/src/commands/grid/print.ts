import { powerW, type BreachAlert, type FeedState, type PowerStatus } from "@pulmu/exchange";
import { formatPower } from "@pulmu/units";

/** `2027-08-04 18:00 UTC  pulmu  main-a 24.1 MW of 55.0 MW, start_ramp_down to 45.0 MW` and so on, a line a feed. */
export function statusText({ from, data }: PowerStatus): string {
  const at = `${data.snapshot_time.slice(0, 19).replace("T", " ")} UTC  ${from}`;
  return Object.entries(data.feeds)
    .map(([tag, state]) => `${at}  ${tag.padEnd(8)} ${feedText(state)}\n`)
    .join("");
}

function feedText({ event, calculated_load, targets, compliant, in_flight }: FeedState): string {
  const active = targets.find((target) => target.active);
  const limit = active === undefined ? "no target" : `target ${formatPower(powerW(active.load_constraint))}`;
  const ahead = targets.filter((target) => !target.active).length;
  const more = ahead === 0 ? "" : `, ${ahead} ahead`;
  return `${event.padEnd(15)} draws ${formatPower(powerW(calculated_load))}, ${limit}${more}${compliant ? "" : ", NOT within it"}${in_flight ? ", on its way" : ""}`;
}

export function breachText({ from, data }: BreachAlert): string {
  const { feed_tag, status, severity, measured_load, target } = data;
  const load = `${formatPower(powerW(measured_load))} against ${formatPower(powerW(target.load_constraint))}`;
  return `breach of ${feed_tag} ${status} (${severity}), says ${from}: ${load}\n`;
}
