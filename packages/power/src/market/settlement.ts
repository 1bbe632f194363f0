import type { AskedLimit, Response } from "./response.ts";
import type { EventPrice } from "./event-price.ts";

const J_PER_KWH = 3.6e6;

/** What was agreed with whoever sends load targets, and with those whose work gives way. */
export interface FlexTerms {
  /** Name of the grid side in the books. */
  readonly party: string;
  /** Paid for each kWh reduced, up to what was asked, KRW. */
  readonly reducedKrwPerKWh: number;
  /** Owed for each kWh above the target after its deadline, KRW. */
  readonly excessKrwPerKWh: number;
  /** Share of what the grid side pays that goes to the tenants, by what each lost; 0…1. */
  readonly tenantShare: number;
}

/** Money into an account (positive) or out of it, whole won. */
export interface SettlementPosting {
  readonly account: string;
  readonly amountKrw: number;
}

/** What an event comes to, as an entry of a double-entry book: the postings sum to zero. */
export interface Settlement {
  /** Names the event and its revision, so that it is booked once. */
  readonly id: string;
  readonly atMs: number;
  readonly memo: string;
  readonly postings: readonly SettlementPosting[];
  /** What the grid side pays in all; below zero when it is owed. */
  readonly paidKrw: number;
  /** What the reduction was worth to those who gave it: for whoever decides on the next offer. No money moves for it by itself. */
  readonly lostKrw: number;
}

/**
 * Settles an event: the reduction at its price, less what is owed for excess, and the tenants' share as credits to them in proportion
 * to what they lost. Every won of the share reaches somebody: what rounding leaves goes to the first, by largest remainder.
 */
export function settle(asked: AskedLimit, response: Response, price: EventPrice, terms: FlexTerms, revision = 1): Settlement {
  const { party, reducedKrwPerKWh, excessKrwPerKWh, tenantShare } = terms;
  const creditedJ = Math.max(0, Math.min(response.reducedEnergyJ, response.askedEnergyJ));
  const reductionKrw = Math.round((creditedJ / J_PER_KWH) * reducedKrwPerKWh);
  const excessKrw = Math.round((response.overEnergyJ / J_PER_KWH) * excessKrwPerKWh);
  const paidKrw = reductionKrw - excessKrw;
  const shares = price.lostKrw === 0 ? [] : divide(Math.floor(Math.max(0, paidKrw) * tenantShare), price);
  const passedOnKrw = shares.reduce((sum, { amountKrw }) => sum + amountKrw, 0);
  const postings = [
    { account: `receivable:${party}`, amountKrw: paidKrw },
    { account: "revenue:flexibility", amountKrw: -reductionKrw },
    { account: "penalties:flexibility", amountKrw: excessKrw },
    { account: "flexibility-shares", amountKrw: passedOnKrw },
    ...shares.map(({ tenantId, amountKrw }) => ({ account: `credits:${tenantId}`, amountKrw: -amountKrw })),
  ].filter(({ amountKrw }) => amountKrw !== 0);
  const kWh = (energyJ: number) => `${(energyJ / J_PER_KWH).toFixed(1)} kWh`;
  return {
    id: `flexibility/${asked.id}/v${revision}`,
    atMs: asked.untilMs,
    memo: `${asked.feedTag ?? "all feeds"}: ${kWh(response.reducedEnergyJ)} reduced of ${kWh(response.askedEnergyJ)} asked, ${kWh(response.overEnergyJ)} above`,
    postings,
    paidKrw,
    lostKrw: price.lostKrw,
  };
}

function divide(amountKrw: number, price: EventPrice): { readonly tenantId: string; readonly amountKrw: number }[] {
  const exact = [...price.byTenant].map(([tenantId, { lostKrw }]) => ({ tenantId, share: (amountKrw * lostKrw) / price.lostKrw }));
  const byRemainder = exact.toSorted(
    (a, b) => b.share - Math.floor(b.share) - (a.share - Math.floor(a.share)) || (a.tenantId < b.tenantId ? -1 : 1),
  );
  const left = amountKrw - exact.reduce((sum, { share }) => sum + Math.floor(share), 0);
  const lucky = new Set(byRemainder.slice(0, left).map(({ tenantId }) => tenantId));
  return exact.map(({ tenantId, share }) => ({ tenantId, amountKrw: Math.floor(share) + (lucky.has(tenantId) ? 1 : 0) }));
}
