import type { Reader, Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { type Calendar, dayOf, type Month, parsePeriod } from "../calendar.ts";
import { foldAll } from "../usage/rollups.ts";

/** Where the site's energy went, mJ. */
const PARTS = ["itMilliJ", "coolingMilliJ", "lossMilliJ", "otherMilliJ"] as const;

/**
 * What the site's meters counted over a while. `siteMilliJ` is the utility's; the parts are the site's own, `other` being fixed loads and
 * what the battery took (negative: gave).
 */
export interface MeterReading extends Readonly<Record<(typeof PARTS)[number] | "siteMilliJ", number>> {
  readonly source: string;
  readonly fromMs: number;
  readonly untilMs: number;
  /** Part of `itMilliJ` that racks without anybody's work took, where their meters tell it apart. */
  readonly idleItMilliJ?: number;
}

/** How far the parts may miss the site's meter: instruments are not exact. */
const METER_TOLERANCE = 1e-6;

/** Keeps a reading, once per source and start. @throws PulmuError `energy.*` */
export async function recordReading(store: Store, calendar: Calendar, reading: MeterReading): Promise<void> {
  const { source, fromMs, untilMs } = reading;
  for (const name of ["siteMilliJ", ...PARTS] as const)
    if (!Number.isSafeInteger(reading[name]) || (reading[name] < 0 && name !== "otherMilliJ" && name !== "siteMilliJ"))
      throw new PulmuError({
        code: "energy.reading",
        path: name,
        value: String(reading[name]),
        rule: "whole millijoules below 2^53, not negative",
      });
  if (!(untilMs > fromMs))
    throw new PulmuError({ code: "energy.reading", path: "untilMs", value: String(untilMs), rule: "not after fromMs" });
  const sum = PARTS.reduce((total, name) => total + reading[name], 0);
  if (Math.abs(sum - reading.siteMilliJ) > METER_TOLERANCE * Math.abs(reading.siteMilliJ) + PARTS.length)
    throw new PulmuError({
      code: "energy.reading",
      path: "siteMilliJ",
      value: String(reading.siteMilliJ),
      rule: `the parts sum to ${sum}`,
      hint: "IT + cooling + losses + other must be what the site drew",
    });
  const body = JSON.stringify(reading);
  await store.transaction(async (tx) => {
    const values = [source, fromMs, untilMs, dayOf(fromMs, calendar), body];
    const added = await tx.run(
      "insert into meter_readings (source, from_ms, until_ms, day, body) values ($1, $2, $3, $4, $5) on conflict do nothing",
      values,
    );
    const [kept] = await tx.query<{ body: string }>("select body from meter_readings where source = $1 and from_ms = $2", [source, fromMs]);
    if (added === 0 && kept.body !== body)
      throw new PulmuError({
        code: "energy.reading",
        path: "fromMs",
        value: String(fromMs),
        rule: "this meter has another reading for that time",
      });
  });
}

/** Where the energy of a month or a day went. All sums exact, mJ, as text; the parts and the residual sum to the site's meter. */
export interface EnergyBalance {
  readonly period: string;
  readonly siteMilliJ: string;
  /** At the racks, in usage records. */
  readonly billedItMilliJ: string;
  /** At the racks, without anybody's work. Where no meter tells it apart, all that is in nobody's record. */
  readonly idleItMilliJ: string;
  /** At the racks, metered as work and in nobody's record; negative: in records and not metered (yet: a meter is read once a minute). */
  readonly residualMilliJ: string;
  readonly coolingMilliJ: string;
  readonly lossMilliJ: string;
  /** Fixed loads, battery, and what the meters disagree by. */
  readonly otherMilliJ: string;
  /** Energy billed with its share of cooling and losses. */
  readonly billedFacilityMilliJ: string;
  readonly findings: readonly string[];
}

/** @param period `2027-01` or `2027-01-31` */
export async function energyBalance(store: Store, period: string): Promise<EnergyBalance> {
  const month = parsePeriod(period);
  await foldAll(store);
  const billed = await billedEnergy(store, month);
  const rows = await store.query<{ body: string }>("select body from meter_readings where day >= $1 and day < $2", [
    month.firstDay,
    month.endDay,
  ]);
  const readings = rows.map((row) => JSON.parse(row.body) as MeterReading);
  const sum = (name: (typeof PARTS)[number] | "siteMilliJ") => readings.reduce((total, reading) => total + BigInt(reading[name]), 0n);
  const [site, it, cooling, loss] = [sum("siteMilliJ"), sum("itMilliJ"), sum("coolingMilliJ"), sum("lossMilliJ")];
  const toldApart = readings.length > 0 && readings.every(({ idleItMilliJ }) => idleItMilliJ !== undefined);
  const idle = toldApart ? readings.reduce((total, { idleItMilliJ = 0 }) => total + BigInt(idleItMilliJ), 0n) : it - billed.it;
  const findings: string[] = [];
  if (billed.it > it) findings.push(`${billed.it - it} mJ more were billed at the racks than the meters saw there`);
  if (billed.facility > site) findings.push(`${billed.facility - site} mJ more were billed than the site drew`);
  return {
    period: month.text,
    siteMilliJ: site.toString(),
    billedItMilliJ: billed.it.toString(),
    idleItMilliJ: idle.toString(),
    residualMilliJ: (it - billed.it - idle).toString(),
    coolingMilliJ: cooling.toString(),
    lossMilliJ: loss.toString(),
    otherMilliJ: (site - it - cooling - loss).toString(),
    billedFacilityMilliJ: billed.facility.toString(),
    findings,
  };
}

async function billedEnergy(reader: Reader, month: Month): Promise<{ it: bigint; facility: bigint }> {
  const [row] = await reader.query<{ it: number | bigint; facility: number | bigint }>(
    "select coalesce(sum(it_milli_j), 0) as it, coalesce(sum(facility_milli_j), 0) as facility from usage_days where day >= $1 and day < $2",
    [month.firstDay, month.endDay],
  );
  return { it: BigInt(row.it), facility: BigInt(row.facility) };
}
