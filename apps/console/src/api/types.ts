/** What the factory's API answers: the server's own types, so that what it no longer sends is missed when the console is built. */
import type { FactoryState } from "pulmu/wire";

export type {
  AllotmentCall,
  ApiKey,
  Application,
  BilledUsage,
  Budget,
  CallReport,
  Chain,
  ConsoleFacts,
  FactoryEvent,
  FactoryState,
  FloorNow,
  FloorPlan,
  Grant,
  GridEvent,
  IssuedStatement,
  JournalEntry,
  LoggedRequest,
  Moment,
  NewApplication,
  NewKey,
  PointSeries,
  Quote,
  RackWhy,
  Review,
  SeriesAnswer,
  ServiceAccount,
  Site,
  Statement,
  Steering,
  SubmittedJob,
  Tenant,
  Today,
  UsageRow,
  UsageSum,
  Who,
  WorkState,
} from "pulmu/wire";

export type Job = FactoryState["jobs"][number];
export type Service = FactoryState["services"][number];
