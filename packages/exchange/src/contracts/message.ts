import type { Problem } from "@pulmu/units";
import { parsePointMetadata, parsePointValue, type PointMetadata, type PointValue } from "./bms.ts";
import { parseFlexEvent, type FlexEvent } from "./flex.ts";
import type { Parsed } from "./json.ts";
import { parseMachineState, type MachineState } from "./nico.ts";
import { parseTopic, type FlexTopic, type ForeignTopic, type MachineTopic, type PointTopic, type Topic } from "./topic.ts";

/** A message that keeps its contract, or one that no contract speaks of. */
export type ContractMessage =
  | { readonly kind: "value"; readonly topic: PointTopic; readonly value: PointValue }
  | { readonly kind: "metadata"; readonly topic: PointTopic; readonly metadata: PointMetadata }
  | { readonly kind: "event"; readonly topic: FlexTopic; readonly event: FlexEvent }
  | { readonly kind: "machine"; readonly topic: MachineTopic; readonly state: MachineState }
  | { readonly kind: "foreign"; readonly topic: ForeignTopic };

const LEGACY_ROLE: Problem = {
  code: "topic.legacy-role",
  path: "topic",
  value: "poweragent",
  rule: "the agent's role is dsx-flex-agent since dsx-exchange 2.6.1",
};

/** Reads one message of the bus by the contract that its topic names. */
export function parseMessage({ topic, payload }: { readonly topic: string; readonly payload: Uint8Array }): Parsed<ContractMessage> {
  const parsed = parseTopic(topic);
  return parsed.ok ? parsePayload(parsed.value, payload) : parsed;
}

/** As `parseMessage`, of a topic that is already read: points come back a thousand times, so readers keep their topics. */
export function parsePayload(topic: Topic, payload: Uint8Array): Parsed<ContractMessage> {
  if (topic.contract === "bms" && topic.kind === "value") {
    const value = parsePointValue(payload);
    return value.ok ? { ok: true, value: { kind: "value", topic, value: value.value } } : value;
  }
  if (topic.contract === "bms") {
    const metadata = parsePointMetadata(payload, topic.objectType, topic.pointType);
    return metadata.ok ? { ok: true, value: { kind: "metadata", topic, metadata: metadata.value } } : metadata;
  }
  if (topic.contract === "flex") {
    if (topic.legacy) return { ok: false, problems: [LEGACY_ROLE] };
    const event = parseFlexEvent(payload, topic.type);
    return event.ok ? { ok: true, value: { kind: "event", topic, event: event.value } } : event;
  }
  if (topic.contract === "nico") {
    const state = parseMachineState(payload);
    return state.ok ? { ok: true, value: { kind: "machine", topic, state: state.value } } : state;
  }
  return { ok: true, value: { kind: "foreign", topic } };
}
