/** error: breaks the contract or misleads whoever relies on it. warning: allowed or unsure, but look at it. */
export type Severity = "error" | "warning";

/** Everything that the checker looks for, with the rule in one sentence. */
export const RULES = {
  // The payload as JSON.
  "json.not-utf8": ["error", "a payload is UTF-8"],
  "json.syntax": ["error", "a payload is JSON"],
  "json.too-large": ["error", "a payload has at most 4 MiB"],
  "json.too-deep": ["error", "a payload nests at most 64 levels"],
  "json.duplicate-key": ["error", "an object has no key twice"],
  "json.not-finite": ["error", "a number fits a double"],
  // The payload by its contract.
  "contract.type": ["error", "a field has the type that the contract gives it"],
  "contract.range": ["error", "a number lies in the range that the contract gives it"],
  "contract.format": ["error", "a text has the form that the contract gives it"],
  "contract.enum": ["error", "a word is one of those that the contract lists"],
  "contract.missing": ["error", "a required field is there"],
  "contract.unknown-field": ["error", "metadata and values have no other fields than the contract's"],
  "contract.exclusive": ["error", "fields that exclude each other do not stand together"],
  // The topic.
  "topic.malformed": ["error", "a topic has the levels that its contract gives it"],
  "topic.object-type": ["error", "an object type is one of the contract's"],
  "topic.point-type": ["error", "a point type is one of its object type's"],
  "topic.publisher": ["error", "a value comes from the side that writes this type of point"],
  "topic.integration-metadata": ["error", "only the BMS publishes metadata"],
  "topic.legacy-role": ["error", "the agent's role is dsx-flex-agent"],
  "topic.unsafe": ["warning", "levels of a topic have no dots and no spaces, which NATS cannot carry"],
  // How messages travel.
  "delivery.retained-value": ["warning", "values are not retained: a new subscriber would take an old one for live"],
  "delivery.qos": ["warning", "Flex events are sent at the QoS of their channel: 1, breaches 2"],
  // Points of the BMS.
  "bms.no-metadata": ["error", "a point with values is described by metadata within 100 s"],
  "bms.late-metadata": ["error", "metadata is published again every 100 s"],
  "bms.metadata-changed": ["warning", "a point's metadata stays as it is"],
  "bms.no-value": ["error", "a point that is described has a value at least every 100 s"],
  "bms.late-value": ["error", "a value is published at least every 100 s"],
  "bms.wrong-publisher": ["error", "a point's values come from whom its metadata names: its integration, or else the BMS"],
  "bms.timestamp-unit": ["error", "a timestamp counts milliseconds since 1970"],
  "bms.timestamp-ahead": ["error", "a timestamp does not lie in the future"],
  "bms.timestamp-behind": ["error", "a new value does not arrive more than 30 s after its timestamp"],
  "bms.timestamp-backwards": ["error", "timestamps of a point do not go back"],
  "bms.bad-quality": ["warning", "a point has at least one value of quality 1, which alone may be trusted"],
  "bms.null-good": ["warning", "a value that is null has another quality than 1"],
  "bms.unknown-state": ["error", "a value of a point with states is one of them"],
  "bms.state-text": ["error", "stateText names each value once"],
  "bms.unknown-unit": ["warning", "engUnit is a unit that readers know"],
  "bms.wrong-unit": ["error", "engUnit is a unit of what the point measures"],
  "bms.unit-suspect": ["error", "a value is in the unit that its metadata names"],
  "bms.implausible": ["warning", "a good value is one that such a point can have"],
  // Heartbeats.
  "heartbeat.missing": ["warning", "the BMS, and each integration that publishes, has a heartbeat"],
  "heartbeat.late": ["error", "a heartbeat comes every 10 s"],
  "heartbeat.stopped": ["error", "a heartbeat does not stop"],
  "heartbeat.stuck": ["error", "each heartbeat tells a later time than the one before"],
  "heartbeat.clock": ["error", "a heartbeat tells the time, in milliseconds since 1970"],
  "heartbeat.wrong-echo": ["error", "an echo repeats a stamp that the other side published"],
  // Power and cooling path.
  "graph.cycle": ["error", "what an object serves does not lead back to it"],
  "graph.dangling": ["warning", "servesId names an object or a rack that is described"],
  "graph.unknown-associate": ["warning", "associateId names an object or a rack that is described"],
  "graph.unmetered-rack": ["error", "a rack is served by a power meter"],
  "graph.orphan-meter": ["warning", "a power meter serves something or is served"],
  "graph.parallel-path": ["warning", "what a meter serves through another meter it does not also serve directly"],
  "graph.conflict": ["error", "all points of an object give it the same name and serve the same"],
  // Flex envelopes.
  "flex.source": ["error", "source names the role and the publisher of the topic"],
  "flex.uuid-version": ["warning", "ids are UUIDs of version 4"],
  "flex.traceparent": ["warning", "a traceparent has a trace and a parent that are not zero"],
  "flex.time": ["error", "an event arrives within a minute of its time"],
  "flex.redelivered": ["warning", "an event comes once"],
  "flex.id-reused": ["error", "an id stands for one event"],
  "flex.replayed": ["error", "an event does not come again later"],
  "flex.unsigned": ["error", "data is signed"],
  "flex.jws": ["error", "a signature is ES256 or RS256 with a key id, over JSON"],
  "flex.bad-signature": ["error", "a signature is that of the source's key"],
  // Flex load targets and states.
  "flex.interval": ["error", "an interval ends after it starts"],
  "flex.target-past": ["warning", "a load target does not end before it is set"],
  "flex.zero-constraint": ["warning", "a load constraint is above zero; null removes one"],
  "flex.no-correlation": ["warning", "a load target has a correlation id, or nothing can confirm it"],
  "flex.unconfirmed": ["error", "a load target is confirmed by a status target_set with its correlation id"],
  "flex.status-without-target": ["error", "a status names targets that were set"],
  "flex.target-altered": ["error", "a status repeats the constraint that was set"],
  "flex.snapshot-order": ["error", "snapshots do not go back in time"],
  "flex.partial-snapshot": ["error", "each status has all feeds"],
  "flex.feed-limits": ["error", "a feed's minimum, default and maximum ascend"],
  "flex.feed-metadata-changed": ["warning", "a feed's limits stay while a target is active"],
  "flex.compliant": ["error", "compliant says whether the calculated load is within the active target"],
  "flex.in-flight": ["error", "in_flight is true from the start of a ramp to its end"],
  "flex.ramp-order": ["error", "a ramp starts once and then ends"],
  "flex.inactive-interval": ["error", "a target is active only within its interval"],
  // Flex breaches.
  "flex.breach-order": ["error", "a breach is active, then perhaps escalated, then resolved"],
  "flex.breach-changed": ["error", "all alerts of a breach name the same feed, target and time of detection"],
  "flex.breach-without-target": ["error", "a breach names a target that was set"],
  "flex.breach-resolution": ["error", "a resolved breach has resolved_at, no hints and no actions; an open one has no resolved_at"],
  "flex.breach-severity": ["error", "severity is critical from 20 % above the target, warning below"],
  "flex.breach-load": ["error", "the measured load of an open breach is above its target"],
  "flex.breach-unresolved": ["warning", "a breach is resolved"],
  "flex.action-order": ["error", "infrastructure actions go from the least to the most disruptive"],
  "flex.shed-hint": ["error", "a hint has a target power if it asks for a power cap, and hints stand by priority"],
  "flex.enforcement-without-breach": ["error", "an enforcement names a breach that was announced, and its feed"],
  "flex.enforcement-code": ["error", "success: all applied; error: none; partial: some"],
  "flex.enforcement-order": ["error", "what is reverted was applied before"],
  // Machines.
  "nico.machine": ["error", "a machine's state is published under its own id"],
  "nico.time": ["error", "states of a machine do not go back in time, nor come from the future"],
  "nico.later-state": ["warning", "a state is one of the contract's first copy"],
  // The checker's own limits.
  "check.limit": ["warning", "the checker kept up with all there was"],
} as const satisfies Readonly<Record<string, readonly [Severity, string]>>;

export type RuleCode = keyof typeof RULES;

export function isRule(code: string): code is RuleCode {
  return Object.hasOwn(RULES, code);
}
