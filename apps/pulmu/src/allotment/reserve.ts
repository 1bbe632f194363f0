import { SYSTEM } from "@pulmu/govern";
import type { House } from "../accounts/house.ts";
import { bookOf } from "../jobs/book-of.ts";

/**
 * Keeps what a call's grants give free for their tenants in the queue of jobs: one reservation each, from its beginning to its end, a
 * reclaimed one's until it was taken back. Done again it changes nothing: whatever was interrupted, the next act makes good.
 */
export async function reserveGrants(house: House, callId: string): Promise<void> {
  const grants = await (await house.allotments()).grants(SYSTEM, callId);
  const book = await bookOf(house.store);
  const known = new Map((await book.reservations()).map((reservation) => [reservation.id, reservation]));
  for (const { id, state, tenantId: groupId, fromMs, untilMs, gpus } of grants) {
    if (state === "offered" || state === "declined") continue;
    const reservation = { id: `allotment-${id}`, groupId, fromMs, untilMs, gpus, powerW: 0 };
    const { untilMs: endsMs, gpus: kept } = known.get(reservation.id) ?? {};
    if (endsMs !== untilMs || kept !== gpus) await book.setReservation(reservation, SYSTEM.id, house.now());
  }
}
