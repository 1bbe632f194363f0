import type { Application } from "./application.ts";
import { type Call, type Sector, SECTORS } from "./call.ts";
import { costUntilKrw, type Grant, grantedGpuMs, holdsGpus } from "./grant.ts";
import type { Review } from "./review.ts";
import type { CallState, Use } from "./tables.ts";

/** What anybody may know of a call: how it was decided and what became of the GPUs. Names who got some, and no reviewer. */
export interface PublicReport {
  readonly call: string;
  readonly title: string;
  readonly state: CallState;
  readonly atMs: number;
  readonly sectors: readonly SectorReport[];
  /** Applications and grants by region of the organisation. */
  readonly regions: readonly { readonly region: string; readonly applications: number; readonly grants: number; readonly gpus: number }[];
  readonly reviews: { readonly counted: number; readonly conflicts: number };
  readonly grants: readonly { readonly organisation: string; readonly sector: Sector; readonly gpus: number; readonly state: Grant["state"]; readonly usedPercent: number | undefined }[]; // prettier-ignore
  readonly warnings: number;
  readonly reclaimed: number;
}

export interface SectorReport {
  readonly sector: Sector;
  readonly gpus: number;
  readonly applications: number;
  readonly ineligible: number;
  readonly granted: number;
  readonly waiting: number;
  readonly rejected: number;
  /** Held by grants now. */
  readonly gpusHeld: number;
  /** What its grants have cost so far, won. */
  readonly krw: string;
}

export interface Records {
  readonly call: Call;
  readonly state: CallState;
  readonly applications: readonly Application[];
  readonly reviews: ReadonlyMap<number, readonly Review[]>;
  readonly grants: readonly Grant[];
  readonly uses: readonly Use[];
}

export function publicReport({ call, state, applications, reviews, grants, uses }: Records, atMs: number): PublicReport {
  const judged = [...reviews.values()].flat();
  const gpusOf = (list: readonly Grant[]) => list.filter(holdsGpus).reduce((sum, { gpus }) => sum + gpus, 0);
  const sectors = SECTORS.flatMap((sector): SectorReport[] => {
    const pool = call.pools.find((one) => one.sector === sector);
    if (pool === undefined) return [];
    const own = applications.filter((application) => application.sector === sector);
    const count = (wanted: Application["state"]) => own.filter((application) => application.state === wanted).length;
    const held = grants.filter((grant) => grant.sector === sector);
    return [
      {
        sector,
        gpus: pool.gpus,
        applications: own.length,
        ineligible: count("ineligible"),
        granted: count("granted"),
        waiting: count("waiting"),
        rejected: count("rejected"),
        gpusHeld: gpusOf(held),
        krw: held.reduce((sum, grant) => sum + (started(grant) ? costUntilKrw(grant, atMs) : 0n), 0n).toString(),
      },
    ];
  });
  const regions = [...Map.groupBy(applications, ({ region }) => region)].map(([region, own]) => {
    const held = grants.filter((grant) => grant.region === region);
    return { region, applications: own.length, grants: held.length, gpus: gpusOf(held) };
  });
  return {
    call: call.id,
    title: call.title,
    state,
    atMs,
    sectors,
    regions: regions.toSorted((a, b) => (a.region < b.region ? -1 : 1)),
    reviews: { counted: judged.filter(({ points }) => points !== undefined).length, conflicts: judged.filter(({ conflict }) => conflict !== "").length }, // prettier-ignore
    grants: grants.map((grant) => ({
      organisation: grant.organisation,
      sector: grant.sector,
      gpus: grant.gpus,
      state: grant.state,
      usedPercent: usedPercent(grant, uses.filter(({ grantId }) => grantId === grant.id)), // prettier-ignore
    })),
    warnings: grants.reduce((sum, { warnings }) => sum + warnings, 0),
    reclaimed: grants.filter((grant) => grant.state === "reclaimed").length,
  };
}

/** An offer that nobody accepted costs nothing. */
export function started({ state }: Grant): boolean {
  return state !== "offered" && state !== "declined";
}

/** Of what a grant gave over the spans that were looked at, what was used, %, to the tenth; undefined before the first. */
export function usedPercent(grant: Grant, uses: readonly Use[]): number | undefined {
  const granted = uses.reduce((sum, { fromMs, untilMs }) => sum + grantedGpuMs(grant, fromMs, untilMs), 0n);
  if (granted === 0n) return undefined;
  return Number((uses.reduce((sum, { usedMs }) => sum + usedMs, 0n) * 1000n) / granted) / 10;
}
