import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openQuota, type Reservation } from "./quota.ts";
import { checkReservation, type Promised, reservedForOthers } from "./reservations.ts";

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 25);
const kept = (id: string, groupId: string, from: number, until: number, gpus: number, powerW = 0): Reservation => ({ id, groupId, fromMs: NOW + from * HOUR, untilMs: NOW + until * HOUR, gpus, powerW }); // prettier-ignore
const beside = (more: Partial<Promised> = {}): Promised => ({ quotas: [], reservations: [], capacity: { gpus: 64, powerW: 128_000 }, nowMs: NOW, ...more }); // prettier-ignore

test("a reservation that fits at every moment of it is taken, one after the other at the same place, too", () => {
  const reservations = [kept("a", "snu", 0, 4, 40), kept("b", "kist", 4, 8, 40)];
  checkReservation(kept("c", "acme/x", 0, 8, 24), beside({ reservations }));
  checkReservation(kept("a", "snu", 0, 4, 64), beside({ reservations })); // in its own place
});

test("one that does not fit says when, beside whom, and what would", () => {
  const quotas = [{ ...openQuota("snu"), guaranteedGpus: 16 }];
  const reservations = [kept("night", "kist/lab", 2, 4, 32)];
  assert.throws(
    () => checkReservation(kept("c", "acme", 0, 8, 24), beside({ quotas, reservations })),
    /gpus: 24: at 2026-11-25T02:00Z that would promise 72 of 64 GPUs \(kist 32, acme 24, snu 16\).*at most 16 GPUs would fit/,
  );
});

test("what a tenant is guaranteed anyway counts once, and more than its limit is not kept for it", () => {
  const quotas = [{ ...openQuota("snu"), guaranteedGpus: 64, limitGpus: 64 }];
  checkReservation(kept("c", "snu/a", 0, 8, 64), beside({ quotas }));
  assert.throws(
    () => checkReservation(kept("c", "snu/a", 0, 8, 65), beside({ quotas })),
    /snu may not use more than 64 GPUs at any moment/,
  );
});

test("all that is wrong with one is told at once: its name, its times, its amounts", () => {
  assert.throws(() => checkReservation({ ...kept("no name", "snu", 3, 2, 0) }, beside()), (error: Error) => {
    assert.match(error.message, /1 to 100 letters/);
    assert.match(error.message, /it ends when it begins, 2026-11-25T03:00Z, or before/);
    assert.match(error.message, /neither GPUs nor power/);
    return true;
  }); // prettier-ignore
  assert.throws(() => checkReservation(kept("old", "snu", -4, -2, 8), beside()), /it is over already/);
});

test("whatever was taken one after the other: at no moment is more promised than there is", () => {
  const some = fc.record({ group: fc.constantFrom("snu", "snu/a", "kist", "acme/x"), from: fc.nat(20), hours: fc.integer({ min: 1, max: 10 }), gpus: fc.integer({ min: 1, max: 64 }) }); // prettier-ignore
  fc.assert(
    fc.property(fc.array(some, { maxLength: 15 }), (list) => {
      const reservations: Reservation[] = [];
      for (const [i, { group, from, hours, gpus }] of list.entries()) {
        const wanted = kept(`r${i}`, group, from, from + hours, gpus);
        const fits = Array.from({ length: hours }, (_, h) => promised(reservations, from + h) + gpus).every((whole) => whole <= 64);
        try {
          checkReservation(wanted, beside({ reservations }));
          assert.ok(fits);
          reservations.push(wanted);
        } catch (error) {
          assert.ok(!fits, String(error));
        }
      }
    }),
  );
});

function promised(reservations: readonly Reservation[], hour: number): number {
  const at = NOW + hour * HOUR;
  return reservations.filter(({ fromMs, untilMs }) => fromMs <= at && at < untilMs).reduce((sum, { gpus }) => sum + gpus, 0);
}

test("what is kept for others now is said with whom, how much and until when; a tenant's is no other's to its projects", () => {
  const reservations = [kept("night", "kist/lab", 0, 6, 16, 32_000), kept("mine", "snu", 0, 6, 8), kept("later", "acme", 3, 6, 8)];
  assert.equal(reservedForOthers(reservations, "snu/a", NOW), "16 GPUs and 32 kW for kist/lab until 2026-11-25T06:00Z (night)");
});
