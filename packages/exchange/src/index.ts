/** Floor 2: the factory speaks DSX Exchange: contracts, client, signing, roles, broker, bridges, conformance. */
export { DemandBridge, type BridgeStep } from "./bridge/bridge.ts";
export { parseEventFile } from "./bridge/event-file.ts";
export { demandOf, type OpenAdrEvent, type SignalRules } from "./bridge/openadr.ts";
export { reportOf, type DemandReading } from "./bridge/reports.ts";
export type { DemandEvent, DemandInterval, DemandSchedule } from "./bridge/schedule.ts";
export { Ven, type EventReport, type VenOptions } from "./bridge/ven.ts";
export { startBroker, type BrokerOptions, type EmbeddedBroker } from "./broker/broker.ts";
export { parseBrokerAddress, type BrokerAddress } from "./client/address.ts";
export type { Bus, MessageHandler, PublishOptions } from "./client/bus.ts";
export { BusClient, type BusOptions } from "./client/client.ts";
export { BUS_LIMITS, type BusLimits } from "./client/limits.ts";
export { fixedLogin, type Login, type LoginSource } from "./client/login.ts";
export type { BusNotice, BusStats } from "./client/notice.ts";
export { OauthTokens, type OauthOptions } from "./client/oauth.ts";
export { readBack, type ReadBack } from "./client/read-back.ts";
export { topicMatches } from "./client/topic-filter.ts";
export { watch, type Watch } from "./client/watch.ts";
export { wallClock, type Clock } from "./clock.ts";
export { checkTraffic, TrafficChecker, type CheckOptions, type CheckReport } from "./check/checker.ts";
export type { Finding } from "./check/finding.ts";
export { describeFinding, toJUnit } from "./check/junit.ts";
export { RULES, type RuleCode, type Severity } from "./check/rules.ts";
export {
  acceptMetadata,
  encodePointValue,
  HEARTBEAT_MS,
  parsePointMetadata,
  parsePointValue,
  QUALITY_GOOD,
  REPUBLISH_MS,
  type Phase,
  type PointMetadata,
  type PointValue,
} from "./contracts/bms.ts";
export {
  OBJECT_TYPES,
  pointKind,
  pointTypes,
  type ExtraField,
  type Identity,
  type PointKind,
  type Reading,
} from "./contracts/bms-points.ts";
export { ENG_UNITS, parseEngUnit, toSi, type EngUnit, type Quantity } from "./contracts/eng-units.ts";
export {
  acceptFlexData,
  acceptFlexEvent,
  FEED_EVENTS,
  FLEX_SPEC_VERSION,
  INFRASTRUCTURE_ACTIONS,
  parseFlexData,
  parseFlexEvent,
  powerW,
  type FeedState,
  type FeedTarget,
  type FlexData,
  type FlexEvent,
  type FlexInterval,
  type FlexPower,
  type LoadTarget,
} from "./contracts/flex.ts";
export { isUuid, isUuidV4, parseDateTime } from "./contracts/formats.ts";
export { JSON_LIMITS, parseJson, type JsonLimits, type Parsed } from "./contracts/json.ts";
export { parseMessage, parsePayload, type ContractMessage } from "./contracts/message.ts";
export { LATER_MACHINE_STATES, parseMachineState, type MachineState } from "./contracts/nico.ts";
export {
  BMS_PUBLISHER,
  FLEX_CHANNELS,
  FLEX_EVENT_TYPES,
  flexTopic,
  machineTopic,
  metadataTopic,
  parseTopic,
  valueTopic,
  type FlexEventType,
  type FlexRole,
  type FlexTopic,
  type ForeignTopic,
  type MachineTopic,
  type PointTopic,
  type Topic,
} from "./contracts/topic.ts";
export { DialectReader, STRICT, type DialectName, type Dialects } from "./dialects.ts";
export type { BusMessage, Qos } from "./message.ts";
export { formatRefusal, Refusals, type Refusal } from "./refusals.ts";
export { openTargetStore } from "./roles/agent-store.ts";
export { BmsPublisher, type BmsPublisherStats } from "./roles/bms-publisher.ts";
export { BmsReader, type BmsReaderOptions } from "./roles/bms-reader.ts";
export { BREACH_LIMITS, type BreachLimits } from "./roles/breach-watch.ts";
export type { Ceilings, FeedFacts } from "./roles/ceilings.ts";
export {
  FlexEndpoint,
  type AgentMessage,
  type EndpointOptions,
  type FlexDecider,
  type TakenTargets,
  type TargetStore,
} from "./roles/flex-endpoint.ts";
export { Integration } from "./roles/integration.ts";
export { LoadFollower, type FlexNotice, type FollowedPlant, type FollowerOptions } from "./roles/load-follower.ts";
export { FlexSender, type SenderOptions } from "./roles/flex-sender.ts";
export { GridPublisher, type BreachAlert, type Confirmation, type GridPublisherOptions, type PowerStatus } from "./roles/grid-publisher.ts";
export { InfraAgent, NO_ENFORCER, type EnforcementResult, type Enforcer, type InfraAgentOptions } from "./roles/infra-agent.ts";
export { LoadSchedule, type ScheduledTarget } from "./roles/load-schedule.ts";
export { SITE_SERIES_POINTS, type PlantReadings, type SiteSeries } from "./roles/plant.ts";
export { ObjectIndex } from "./roles/object-index.ts";
export { PointTable, type PointInfo } from "./roles/point-table.ts";
export type { PowerTree, TreeNode } from "./roles/power-tree.ts";
export type { JudgedReading, ReadingState } from "./roles/reading.ts";
export { shedHints, type ShedHint, type Sheddable } from "./roles/shed-hints.ts";
export { ceilingPoint, heartbeatPoint, SITE_CEILING, sitePoints, type PlantPoint, type PointOptions } from "./roles/site-points.ts";
export { makeEvent, newTraceparent, nextTraceparent, type EventHead, type NewId } from "./signing/event.ts";
export { FlexGate, FRESHNESS_WINDOW, type Admitted, type GateOptions } from "./signing/gate.ts";
export { signData, verifyData, type Verified } from "./signing/jws.ts";
export { openReplayStore, ReplayMemory, type Claim, type EventMark, type ReplayGuard } from "./signing/replay.ts";
export { newSigningJwk, openSigningKey, readSigningKey, type Algorithm, type SigningKey } from "./signing/signing-key.ts";
export { Trust, type TrustedSource } from "./signing/trust.ts";
export { readRecording, type ReadRecordingOptions } from "./recording/read.ts";
export { replay, type ReplayOptions } from "./recording/replay.ts";
export { writeRecording } from "./recording/write.ts";
