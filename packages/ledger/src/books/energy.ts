import type { Reader, Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { type Calendar, dayOf, type Month, parseMonth } from "../calendar.ts";
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

/** Where a month's energy went. All sums exact, mJ, as text; the parts sum to the site's meter. */
export interface EnergyBalance {
  readonly month: string;
  readonly siteMilliJ: string;
  /** At the racks, in usage records. */
  readonly billedItMilliJ: string;
  /** At the racks, in nobody's record: idle, or not sold. */
  readonly idleItMilliJ: string;
  readonly coolingMilliJ: string;
  readonly lossMilliJ: string;
  /** Fixed loads, battery, and what the meters disagree by. */
  readonly otherMilliJ: string;
  /** Energy billed with its share of cooling and losses. */
  readonly billedFacilityMilliJ: string;
  readonly findings: readonly string[];
}

export async function energyBalance(store: Store, monthText: string): Promise<EnergyBalance> {
  const month = parseMonth(monthText);
  await foldAll(store);
  const billed = await billedEnergy(store, month);
  const rows = await store.query<{ body: string }>("select body from meter_readings where day >= $1 and day < $2", [
    month.firstDay,
    month.endDay,
  ]);
  const readings = rows.map((row) => JSON.parse(row.body) as MeterReading);
  const sum = (name: (typeof PARTS)[number] | "siteMilliJ") => readings.reduce((total, reading) => total + BigInt(reading[name]), 0n);
  const [site, it, cooling, loss] = [sum("siteMilliJ"), sum("itMilliJ"), sum("coolingMilliJ"), sum("lossMilliJ")];
  const findings: string[] = [];
  if (billed.it > it) findings.push(`${billed.it - it} mJ more were billed at the racks than the meters saw there`);
  if (billed.facility > site) findings.push(`${billed.facility - site} mJ more were billed than the site drew`);
  return {
    month: month.text,
    siteMilliJ: site.toString(),
    billedItMilliJ: billed.it.toString(),
    idleItMilliJ: (it - billed.it).toString(),
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
