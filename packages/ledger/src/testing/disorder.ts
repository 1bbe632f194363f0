import type { Store } from "@pulmu/journal";
import { random } from "@pulmu/units";
import { computeStatement, makeStatement, quantitiesFromRecords, type Statement } from "../books/statement.ts";
import { parseMonth } from "../calendar.ts";
import { Ledger } from "../ledger.ts";
import { loadAssignments } from "../prices/plans.ts";
import { type Meter, METERS, type UsageRecord } from "../usage/record.ts";
import { checkRollups } from "../usage/rollups.ts";
import { DAY, KOREA, prepared, T0 } from "./factory.ts";

const TENANTS = 20;
const MONTH = "2027-01";
/** Records on their way at a time, so that a late one passes others. */
const WINDOW = 4_000;

/** Record number `n`: the same whenever it is made. */
function recordOf(n: number): UsageRecord {
  const tenantId = `tenant-${n % TENANTS}`;
  const mixed = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  return {
    id: `r${n}`,
    kind: "request",
    atMs: T0 - 10 * DAY + (mixed % (20 * DAY)),
    tenantId,
    projectId: `${tenantId}/p${n % 3}`,
    keyId: `k${n % 50}`,
    modelId: n % 5 === 0 ? "deepseek-r1" : "llama-3.1-70b",
    acceleratorId: "gb300",
    meters: {
      requests: 1,
      promptTokens: mixed % 4_000,
      outputTokens: mixed % 777,
      gpuMilliS: mixed % 900,
      itMilliJ: mixed % 600_000,
      facilityMilliJ: mixed % 660_000,
      carbonMilliG: mixed % 70,
    },
  };
}

export interface DisorderReport {
  readonly records: number;
  readonly deliveries: number;
  readonly totalKrw: number;
  readonly findings: readonly string[];
}

/**
 * Delivers records doubled, out of order and late, adding up in between, and compares the statements with ones made from the same
 * records summed in memory, in order, each once.
 */
export async function deliverInDisorder(
  store: Store,
  records: number,
  seed: number,
  say: (line: string) => void = () => {},
): Promise<DisorderReport> {
  await prepared(store);
  const ledger = await Ledger.open(store, { calendar: KOREA, now: () => T0 + 30 * DAY });
  const randomness = random(seed, "disorder");
  const waiting: number[] = [];
  let deliveries = 0;
  const deliver = async (upTo: number) => {
    const batch: Promise<unknown>[] = [];
    while (waiting.length > upTo) {
      const at = Math.floor(randomness.next() * waiting.length);
      const n = waiting[at];
      waiting[at] = waiting[waiting.length - 1];
      waiting.pop();
      batch.push(ledger.record(recordOf(n)));
    }
    deliveries += batch.length;
    await Promise.all(batch);
  };
  for (let n = 0; n < records; n++) {
    waiting.push(n);
    while (randomness.next() < 0.3) waiting.push(Math.floor(randomness.next() * (n + 1))); // again, any earlier one
    if (waiting.length >= 2 * WINDOW) await deliver(WINDOW);
    if (n % 100_000 === 99_999) {
      await ledger.tick();
      say(`${(n + 1).toLocaleString("en")} records`);
    }
  }
  await deliver(0);
  await ledger.close();

  const expected = await inOrder(store, records);
  const findings: string[] = [];
  let totalKrw = 0;
  for (const [tenantId, right] of expected) {
    const text = JSON.stringify(right);
    const statement = await computeStatement(store, tenantId, MONTH);
    totalKrw += statement.totalKrw;
    if (JSON.stringify(statement) !== text) findings.push(`${tenantId}: ${statement.totalKrw} won, not ${right.totalKrw}`);
    if (JSON.stringify(await computeStatement(store, tenantId, MONTH, "records")) !== text)
      findings.push(`${tenantId}: the replay differs`);
  }
  findings.push(...(await checkRollups(store)).map((place) => `sums differ: ${place}`));
  return { records, deliveries, totalKrw, findings };
}

type Quantities = Awaited<ReturnType<typeof quantitiesFromRecords>>;

async function inOrder(store: Store, records: number): Promise<Map<string, Statement>> {
  const sums = new Map<string, Map<string, Quantities[number]>>();
  const month = parseMonth(MONTH);
  for (let n = 0; n < records; n++) {
    const record = recordOf(n);
    const day = Math.floor((record.atMs + KOREA.utcOffsetMin * 60_000) / DAY);
    if (day < month.firstDay || day >= month.endDay) continue;
    const tenant = sums.get(record.tenantId) ?? new Map<string, Quantities[number]>();
    sums.set(record.tenantId, tenant);
    const key = `${day} ${record.modelId}`;
    const before = tenant.get(key);
    const meters = Object.fromEntries(
      METERS.map((meter) => [meter, (before?.meters[meter] ?? 0n) + BigInt(record.meters[meter] ?? 0)]),
    ) as Record<Meter, bigint>;
    tenant.set(key, { day, modelId: record.modelId, acceleratorId: record.acceleratorId, records: (before?.records ?? 0) + 1, meters });
  }
  const assignments = await loadAssignments(store);
  return new Map(
    [...sums].map(([tenantId, quantities]) => [tenantId, makeStatement(tenantId, month, [...quantities.values()], assignments, [])]),
  );
}
