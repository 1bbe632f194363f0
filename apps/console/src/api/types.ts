/** What the factory's API answers: written down from its side of the wire, because the console knows nothing else of it. */
export interface Site {
  readonly id: string;
  readonly name: string;
  readonly timezone: string;
  readonly phase: { readonly id: string; readonly name: string; readonly date: string; readonly envelopeW: number };
  readonly phases: readonly { readonly id: string; readonly name: string; readonly date: string; readonly envelopeW: number }[];
  readonly racks: number;
  readonly gpus: number;
  readonly feeds: readonly { readonly tag: string; readonly limitW: number; readonly node: string }[];
  readonly tenants: readonly { readonly id: string; readonly name: string; readonly serviceClass: string }[];
  readonly workloads: readonly Workload[];
  readonly bess: readonly { readonly id: string; readonly powerW: number; readonly energyJ: number }[];
}

export interface Workload {
  readonly id: string;
  readonly kind: string;
  readonly tenant: string;
  readonly modelId?: string;
  readonly slo?: { readonly ttftS: number; readonly itlS: number };
}

export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly tenantId: string;
  readonly modelId: string;
  readonly gpus: number;
  readonly racks: number;
  readonly state: string;
  readonly submittedS: number;
  readonly progress: number;
  readonly restarts: number;
  readonly lostS: number;
  readonly goodput: number;
}

export interface Service {
  readonly id: string;
  readonly tenantId: string;
  readonly modelId: string;
  readonly gpus: number;
  readonly replicas: number;
  readonly serviceClass: string;
  readonly requestsPerS: number;
  readonly tokensPerS: number;
  readonly batch: number;
  readonly kvShare: number;
  readonly queued: number;
  readonly ttftP50S: number | null;
  readonly ttftP99S: number | null;
  readonly itlP50S: number | null;
  readonly itlP99S: number | null;
  readonly gpuPowerW: number;
}

export interface Rack {
  readonly id: string;
  readonly powerW: number;
  readonly limitW: number;
  readonly inletC: number;
  readonly speed: number;
}

/** Every number may be null: not known. */
export interface FactoryState {
  readonly atMs: number;
  readonly site: string;
  readonly phase: string;
  readonly speed: number;
  readonly workloadSource: string;
  readonly sitePowerW: number;
  readonly itPowerW: number;
  readonly gpuPowerW: number;
  readonly lossPowerW: number;
  readonly coolingPowerW: number;
  readonly facilityPowerW: number;
  readonly bessPowerW: number;
  readonly bessStoredJ: number;
  readonly envelopeW: number;
  readonly targetW: number | null;
  readonly pue: number;
  readonly tokensPerS: number;
  readonly trainedTokensPerS: number;
  readonly joulesPerToken: number | null;
  readonly tokensPerSPerMW: number;
  readonly requestsPerS: number;
  readonly queuedRequests: number;
  readonly ttftP99S: number | null;
  readonly itlP99S: number | null;
  readonly busyGpus: number;
  readonly failedGpus: number;
  readonly throttledGpus: number;
  readonly cappedGpus: number;
  readonly runningJobs: number;
  readonly waitingJobs: number;
  readonly dryBulbC: number;
  readonly wetBulbC: number;
  readonly maxInletC: number;
  readonly carbonGPerKWh: number;
  readonly priceKrwPerKWh: number;
  readonly feeds: readonly { readonly tag: string; readonly powerW: number; readonly limitW: number }[];
  readonly jobs: readonly Job[];
  readonly services: readonly Service[];
  readonly worstRacks: readonly Rack[];
}

export interface Target {
  readonly id: string;
  readonly feed: string | null;
  readonly fromMs: number;
  readonly untilMs: number | null;
  readonly limitW: number | null;
  readonly strategy: string;
}

export interface Steering {
  readonly envelope: readonly {
    readonly feed: string | null;
    readonly contractW: number;
    readonly limitW: number;
    readonly goalW: number;
    readonly drawnW: number | null;
    readonly target: Target | null;
  }[];
  readonly targets: readonly Target[];
  readonly caps: { readonly sumW: number; readonly fallbackSumW: number; readonly budgetW: number; readonly shortW: number };
  readonly devices: {
    readonly racks: number;
    readonly silent: readonly string[];
    readonly disobedient: readonly string[];
    readonly untrustedMeters: number;
  };
  readonly criticalCuts: readonly { readonly rack: string; readonly limitW: number; readonly needW: number; readonly because: string }[];
  readonly writes: {
    readonly count: number;
    readonly last: readonly { readonly atMs: number; readonly rack: string; readonly gpuCapW: number; readonly clockLimit: number }[];
  };
}

export interface WorkState {
  readonly id: string;
  readonly tenantId: string;
  readonly serviceClass: string;
  readonly racks: number;
  readonly gpus: number;
  readonly powerW: number;
  readonly limitW: number;
  readonly provisionedW: number;
  readonly speed: number;
  readonly racksHeld: number;
  readonly because: "free" | "contract" | "target" | "heat";
  readonly targetId: string | null;
}

export interface Today {
  readonly sinceMs: number;
  readonly siteEnergyJ: number;
  readonly tokens: number;
  readonly costKrw: number;
  readonly carbonG: number;
  readonly krwPerMTokens: number | null;
  readonly carbonGPerMTokens: number | null;
  readonly peakW: number;
}

export interface Moment {
  readonly state: FactoryState;
  readonly steering: Steering | null;
  readonly works: readonly WorkState[];
  readonly today: Today;
}

export interface FactoryEvent {
  readonly id: number;
  readonly atMs: number;
  readonly kind: string;
  readonly severity: "info" | "warning" | "critical";
  readonly subject: string;
  readonly text: string;
}

export interface SeriesAnswer {
  readonly stepS: number;
  readonly atMs: readonly number[];
  readonly series: Readonly<Record<string, readonly (number | null)[]>>;
}

export interface FloorPlan {
  readonly halls: readonly {
    readonly id: string;
    readonly rows: number;
    readonly racksPerRow: number;
    readonly firstRack: number;
    readonly endRack: number;
  }[];
  readonly types: readonly {
    readonly id: string;
    readonly name: string;
    readonly trays: number;
    readonly gpusPerTray: number;
    readonly nameplateW: number;
    readonly maxInletC: number;
    readonly gpuTdpW: number | null;
  }[];
  readonly nodes: readonly { readonly id: string; readonly kind: string; readonly parents: readonly number[]; readonly ratingW: number }[];
  readonly cdus: readonly { readonly id: string; readonly loop: string }[];
  readonly racks: {
    readonly id: readonly string[];
    readonly row: readonly number[];
    readonly position: readonly number[];
    readonly type: readonly number[];
    readonly provisionedW: readonly number[];
    readonly parents: readonly (readonly number[])[];
    readonly cdu: readonly number[];
  };
}

export interface FloorNow {
  readonly atMs: number;
  readonly powerW: readonly number[];
  readonly limitW: readonly number[];
  readonly inletDeciC: readonly number[];
  readonly speedPct: readonly number[] | null;
  readonly health: readonly number[];
  readonly work: readonly number[] | null;
  readonly works: readonly { readonly id: string; readonly tenantId: string; readonly serviceClass: string }[];
}

export interface PointSeries {
  readonly stepS: number;
  readonly atMs: readonly number[];
  readonly powerW: readonly (number | null)[];
  readonly limitW?: readonly (number | null)[];
  readonly inletC?: readonly (number | null)[];
}

export interface Who {
  readonly id: string;
  readonly keyId: string | null;
  readonly tenantId: string | null;
  readonly projectId: string | null;
  readonly roles: readonly { readonly role: string; readonly tenantId: string | null }[];
  readonly site: readonly string[];
  readonly tenant: readonly string[];
  readonly mayPlayGrid: boolean;
}

/** Who looks, and what this factory offers them. */
export interface ConsoleFacts {
  readonly who: Who | null;
  /** Racks are held to limits here: there are targets, quotes and events. */
  readonly steers: boolean;
  readonly mayPlayGrid: boolean;
  readonly accounts: boolean;
  readonly gateway: string | null;
  readonly oldestMs: number;
}

export interface CostSum {
  readonly tokensLost: number;
  readonly worksSlowed: number;
  readonly lostKrw: number;
}

export interface Quote {
  readonly feasible: boolean;
  readonly mostW: number;
  readonly storageW: number;
  readonly curve: readonly {
    readonly reductionW: number;
    readonly tokensPerS: number;
    readonly krwPerS: number;
    readonly marginalKrwPerMWh: number;
    readonly worksSlowed: number;
    readonly slowsCritical: boolean;
  }[];
  readonly price: CostSum & { readonly byTenant: Readonly<Record<string, CostSum>>; readonly byClass: Readonly<Record<string, CostSum>> };
}

/** A load target from the grid's message to its settlement. */
export interface GridEvent {
  readonly id: string;
  readonly correlationId: string;
  readonly trace: string;
  readonly from: string;
  readonly feed: string | null;
  readonly limitW: number;
  readonly takenMs: number;
  readonly fromMs: number;
  readonly untilMs: number | null;
  readonly deadlineMs: number | null;
  readonly state: "ahead" | "coming-down" | "held" | "over";
  readonly nowMs: number;
  readonly baselineW: number | null;
  readonly drawnW: number | null;
  readonly allowedW: number | null;
  readonly caps: {
    readonly writes: number;
    readonly racks: number;
    readonly fromW: number;
    readonly toW: number;
    readonly works: readonly {
      readonly id: string;
      readonly tenant: string;
      readonly serviceClass: string;
      readonly fromW: number;
      readonly toW: number;
    }[];
  } | null;
  readonly breaches: readonly { readonly atMs: number; readonly status: string; readonly severity: string; readonly loadW: number }[];
  readonly response: {
    readonly reducedEnergyJ: number;
    readonly askedEnergyJ: number;
    readonly targetShare: number;
    readonly timeToComplyS: number | null;
    readonly overS: number;
    readonly met: boolean;
  } | null;
  readonly cost:
    | (CostSum & {
        readonly byTenant: Readonly<Record<string, CostSum>>;
        readonly byClass: Readonly<Record<string, CostSum>>;
        readonly works: readonly {
          readonly workId: string;
          readonly tenantId: string;
          readonly serviceClass: string;
          readonly tokensLost: number;
          readonly slowedS: number;
          readonly lostKrw: number;
        }[];
      })
    | null;
  readonly settlement: {
    readonly id: string;
    readonly paidKrw: number;
    readonly lostKrw: number;
    readonly postings: readonly { readonly account: string; readonly amountKrw: number }[];
  } | null;
}

/** What the journal has of a trace. */
export interface JournalEntry {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: string;
  readonly actor: string;
  readonly subject: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly traceparent?: string;
}

/** Sums of usage; counts are decimal texts because they may pass 2^53. */
export interface UsageSum {
  readonly group: Readonly<Partial<Record<"day" | "tenant" | "project" | "key" | "model", string>>>;
  readonly records: number;
  readonly meters: Readonly<
    Partial<
      Record<
        "requests" | "promptTokens" | "cachedTokens" | "outputTokens" | "gpuMilliS" | "itMilliJ" | "facilityMilliJ" | "carbonMilliG",
        string
      >
    >
  >;
  readonly listCostMicroKrw: string;
}

export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly state: "active" | "suspended";
}

export interface ServiceAccount {
  readonly id: string;
  readonly projectId: string;
  readonly tenantId: string;
  readonly role?: string;
}

export interface ApiKey {
  readonly id: string;
  readonly accountId: string;
  readonly projectId: string;
  readonly tenantId: string;
  readonly scopes: readonly string[];
  readonly createdMs: number;
  readonly expiresMs?: number;
  readonly revokedMs?: number;
}

export interface Budget {
  readonly id: string;
  readonly tenantId: string;
  readonly scope: "site" | "tenant" | "project" | "key";
  readonly scopeId: string;
  readonly modelId: string;
  readonly meter: "requests" | "tokens" | "krw" | "concurrent";
  readonly window: "minute" | "day" | "month" | "total" | "now";
  readonly most: string;
}

export interface Statement {
  readonly tenantId: string;
  readonly month: string;
  readonly records: number;
  readonly lines: readonly {
    readonly item: string;
    readonly modelId: string;
    readonly acceleratorId: string;
    readonly quantity: string;
    readonly per: number;
    readonly unit: string;
    readonly krwPerUnit: number;
    readonly amountKrw: number;
  }[];
  readonly unpriced: readonly string[];
  readonly subtotalKrw: number;
  readonly creditsKrw: number;
  readonly totalKrw: number;
}

/** A call for GPUs; `call` is as it was published. */
export interface AllotmentCall {
  readonly state: "open" | "reviewing" | "decided";
  readonly call: {
    readonly id: string;
    readonly title: string;
    readonly opens: number;
    readonly closes: number;
    readonly grantsFrom: number;
    readonly grantsUntil: number;
    readonly gpusPerServer: number;
    readonly passMark: number;
    readonly pools: readonly { readonly sector: string; readonly gpus: number; readonly krwPerGpuH: number }[];
    readonly criteria: readonly { readonly id: string; readonly weight: number }[];
    readonly conditions: readonly string[];
  };
}

export interface Application {
  readonly id: number;
  readonly tenantId: string;
  readonly organisation: string;
  readonly sector: string;
  readonly region: string;
  readonly purpose: string;
  readonly gpus: number;
  readonly leastGpus: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly plannedUse: number;
  readonly state: "submitted" | "withdrawn" | "ineligible" | "eligible" | "granted" | "waiting" | "rejected";
  readonly reasons: readonly string[];
}

export interface Review {
  readonly applicationId: number;
  readonly reviewer: string;
  readonly points?: Readonly<Record<string, number>>;
  readonly conflict: string;
  readonly comment: string;
}

export interface Grant {
  readonly id: number;
  readonly applicationId: number;
  readonly tenantId: string;
  readonly organisation: string;
  readonly sector: string;
  readonly gpus: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly plannedUse: number;
  readonly conditions: readonly string[];
  readonly state: "offered" | "active" | "warned" | "declined" | "reclaimed" | "ended";
  readonly reason: string;
  readonly warnings: number;
  readonly costSoFarKrw: string;
  readonly costWholeKrw: string;
}

export interface CallReport {
  readonly sectors: readonly {
    readonly sector: string;
    readonly gpus: number;
    readonly applications: number;
    readonly granted: number;
    readonly gpusHeld: number;
    readonly krw: string;
  }[];
  readonly reviews: { readonly counted: number; readonly conflicts: number };
  readonly grants: readonly {
    readonly organisation: string;
    readonly gpus: number;
    readonly state: string;
    readonly usedPercent?: number;
  }[];
  readonly warnings: number;
  readonly reclaimed: number;
}

/** A job that somebody submitted to the factory's engine. */
export interface SubmittedJob {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly state: "waiting" | "held" | "released" | "running" | "pausing" | "paused" | "done" | "failed" | "cancelled";
  readonly reason: string;
  readonly class: string;
  readonly gpus: number;
  readonly powerW: number;
  readonly submittedMs: number;
  readonly pauses: number;
  readonly goodput: number;
  readonly traceparent: string;
}

export interface UsageRow {
  readonly seq: number;
  readonly listCostMicroKrw: string;
  readonly record: {
    readonly id: string;
    readonly kind: string;
    readonly atMs: number;
    readonly tenantId: string;
    readonly projectId: string;
    readonly keyId: string;
    readonly modelId: string;
    readonly meters: Readonly<Partial<Record<string, number>>>;
    readonly traceparent?: string;
  };
}
