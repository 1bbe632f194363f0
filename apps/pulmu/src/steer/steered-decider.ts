import type { AgentMessage, Ceilings, FlexDecider, FlexNotice } from "@pulmu/exchange";
import type { FlexState } from "@pulmu/power";
import { noted } from "../live/note-words.ts";
import type { Steering } from "./steering.ts";

/** What the factory's operator does beside steering: keeps a log, and writes the ceilings that follow to the site. */
export interface Beside {
  readonly notify: (notice: FlexNotice) => void;
  readonly setCeilings: (ceilings: Ceilings) => void;
}

/** Steering behind the exchange's endpoint. The site is told where the limits are going, so that its batteries and its panels know. */
export function steeredDecider(steering: Steering, { notify, setCeilings }: Beside): FlexDecider {
  let written = "";
  const hold = ({ scopes: [site, ...feeds] }: FlexState): void => {
    const text = JSON.stringify([site, ...feeds].map(({ goalW }) => goalW));
    if (text === written) return;
    written = text;
    setCeilings({ siteW: site.goalW, feedW: new Map(feeds.map(({ feedTag, goalW }) => [feedTag ?? "", goalW])) });
  };
  return steering.decider((message) => {
    const notice = noticeOf(message);
    if (notice !== undefined) notify(notice);
  }, hold);
}

function noticeOf(message: AgentMessage): FlexNotice | undefined {
  if (message.type !== "grid.powerbreach.alert.v1") return undefined;
  const { feed_tag, status, severity, measured_load } = message.data;
  const loadW = measured_load.value;
  if (status === "resolved") return { severity: "info", kind: "breach-ended", subject: feed_tag, ...noted("target-kept", { loadW }) };
  const said = noted(status === "escalated" ? "target-escalated" : "target-exceeded", { loadW });
  return { severity, kind: "breach", subject: feed_tag, ...said };
}
