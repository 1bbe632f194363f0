/**
 * What the HTTP API answers, as types, for clients that are written in TypeScript: one that reads what is not sent does not compile.
 * Types only: nothing of this door is left when a program runs.
 */
import type { z } from "zod";
import type * as accounts from "./accounts/schemas.ts";
import type * as allotment from "./allotment/schemas.ts";
import type { floorPlan } from "./console/floor.ts";
import type { Moment as KeptMoment } from "./console/moment.ts";
import type { PointSeries as KeptSeries } from "./console/past.ts";
import type { TodaySums } from "./console/today.ts";
import type * as jobs from "./jobs/schemas.ts";
import type { SeriesAnswer as ReadSeries } from "./live/history.ts";
import type { FactoryState as StateNow } from "./live/state.ts";
import type { siteSummary } from "./server/site-summary.ts";
import type { SteeringState } from "./steer/steering-state.ts";

/** JSON has no NaN: under these keys a number that is not known comes as null. */
type Nulls<T, Key extends keyof T> = Swap<T, { readonly [K in Key]: OrNull<T[K]> }>;
type OrNull<T> = T extends number ? number | null : T extends object ? { readonly [Key in keyof T]: OrNull<T[Key]> } : T;
type Swap<T, Other> = Omit<T, keyof Other> & Other;

/** What a schema of the accounts' API lets through. */
type Answer<Schema extends z.ZodType> = Frozen<z.output<Schema>>;
type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;

export type Site = ReturnType<typeof siteSummary>;
export type FloorPlan = ReturnType<typeof floorPlan>;
export type FactoryState = Swap<
  Nulls<StateNow, "targetW" | "joulesPerToken" | "ttftP99S" | "itlP99S">,
  { readonly services: readonly Nulls<StateNow["services"][number], "ttftP50S" | "ttftP99S" | "itlP50S" | "itlP99S">[] }
>;
export type Steering = Swap<SteeringState, { readonly envelope: readonly Nulls<SteeringState["envelope"][number], "drawnW">[] }>;
export type Today = Nulls<TodaySums, "krwPerMTokens" | "carbonGPerMTokens" | "joulesPerToken">;
export type Moment = Swap<KeptMoment, { readonly state: FactoryState; readonly steering: Steering | null; readonly today: Today }>;
export type PointSeries = Nulls<KeptSeries, "powerW" | "limitW" | "inletC">;
export type SeriesAnswer = Swap<ReadSeries, { readonly series: Readonly<Record<string, readonly (number | null)[]>> }>;
export type { ConsoleFacts } from "./console/facts.ts";
export type { FloorNow } from "./console/floor.ts";
export type { QuoteAnswer as Quote } from "./commands/grid/quote-view.ts";
export type { Whoami as Who } from "./console/sessions.ts";
export type { BilledUsage, Chain } from "./console/why.ts";
export type { RackGpus } from "./console/rack-gpus.ts";
export type { RackWhy } from "./console/why-rack.ts";
export type { WorkState } from "./console/works.ts";
export type { LoggedRequest } from "./gateway/request-log.ts";
export type { LoggedEvent as FactoryEvent } from "./live/event-log.ts";
export type { KnownWords } from "./live/note-words.ts";
export type { GridEvent } from "./steer/grid-event.ts";

export type Tenant = Answer<typeof accounts.tenant>;
export type ServiceAccount = Answer<typeof accounts.account>;
export type ApiKey = Answer<typeof accounts.keyNow>;
export type NewKey = Answer<typeof accounts.newKey>;
export type Budget = Answer<typeof accounts.limitUse>;
export type UsageSum = Answer<typeof accounts.usageSum>;
export type UsageRow = Answer<typeof accounts.usageRow>;
export type Statement = Answer<typeof accounts.statement>;
export type IssuedStatement = Answer<typeof accounts.issued>;
export type JournalEntry = Answer<typeof accounts.entry>;

export type AllotmentCall = Answer<typeof allotment.call>;
export type Application = Answer<typeof allotment.application>;
export type NewApplication = Answer<typeof allotment.newApplication>;
export type Review = Answer<typeof allotment.review>;
export type Grant = Answer<typeof allotment.grant>;
export type ReportedCall = Answer<typeof allotment.reported>;
export type CallReport = Answer<typeof allotment.report>;

export type SubmittedJob = Answer<typeof jobs.job>;
