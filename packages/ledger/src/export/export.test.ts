import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openStore, type Store } from "@pulmu/journal";
import { parquetReadObjects } from "hyparquet";
import { computeStatement } from "../books/statement.ts";
import { grantCredit } from "../books/credits.ts";
import { parseDay } from "../calendar.ts";
import { KOREA, openLedger, prepared, request, T0 } from "../testing/factory.ts";
import { csvLine } from "./csv.ts";
import { focusCsv, statementCsv } from "./focus.ts";
import { exportUsage } from "./usage.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-export-"));
let store: Store;
before(async () => {
  store = await prepared(await openStore(join(folder, "ledger.db")));
  const { ledger } = await openLedger(store);
  await Promise.all(
    Array.from({ length: 25 }, (_, i) =>
      ledger.record(
        request(`r${i}`, {
          tenantId: i < 20 ? "acme" : "zenith",
          modelId: i % 2 === 0 ? "deepseek-r1" : "llama-3.1-70b",
          meters: { requests: 1, promptTokens: 123_456, outputTokens: 234_567 + i, gpuMilliS: 1 },
        }),
      ),
    ),
  );
  await grantCredit(
    store,
    { id: "c", tenantId: "acme", amountKrw: 1_000, fromDay: parseDay("2027-01-01"), untilDay: parseDay("2028-01-01") },
    "test",
    T0,
  );
  await ledger.close();
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const cells = (text: string) => text.trimEnd().split("\r\n").map((line) => line.split(",")); // prettier-ignore
const objects = (text: string) => {
  const [header, ...rows] = cells(text);
  return rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i]])));
};

test("usage goes out as CSV, one tenant's rows only, and as a whole file or not at all", async () => {
  const file = join(folder, "usage.csv");
  const seen: number[] = [];
  assert.equal(
    await exportUsage(store, { filter: { tenantIds: ["acme"] }, file, format: "csv", onProgress: (done, total) => seen.push(done, total) }),
    20,
  );
  const rows = objects(readFileSync(file, "utf8"));
  assert.equal(rows.length, 20);
  assert.ok(rows.every((row) => row["tenantId"] === "acme"));
  assert.equal(rows.reduce((sum, row) => sum + Number(row["outputTokens"]), 0), 20 * 234_567 + 190); // prettier-ignore
  assert.deepEqual(seen, [20, 20]);
  assert.ok(!existsSync(`${file}.part`));
  await assert.rejects(
    exportUsage(store, { filter: { tenantIds: "all" }, file: join(folder, "no/such/folder.csv"), format: "csv" }),
    /cannot be written/,
  );
});

test("usage goes out as Parquet that another reader reads", async () => {
  const file = join(folder, "usage.parquet");
  await exportUsage(store, { filter: { tenantIds: "all" }, file, format: "parquet" });
  const bytes = readFileSync(file);
  const rows = await parquetReadObjects({ file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) });
  assert.equal(rows.length, 25);
  const first = rows.find((row) => row["id"] === "r0")!;
  assert.deepEqual([first["tenantId"], first["outputTokens"], first["traceparent"]], ["acme", 234_567n, ""]);
  assert.equal((first["at"] as Date).getTime(), T0);
});

test("a statement goes out in FOCUS: the costs sum to its total, and quantity times price is the cost", async () => {
  const statement = await computeStatement(store, "acme", "2027-01");
  const rows = objects(focusCsv(statement, "Acme Inc.", { name: "GAK", regionId: "kr-sejong" }, KOREA).replaceAll(/"[^"]*"/g, "text"));
  assert.equal(rows.reduce((sum, row) => sum + Number(row["BilledCost"]), 0), statement.totalKrw); // prettier-ignore
  assert.equal(rows.filter((row) => row["ChargeCategory"] === "Credit").length, 1);
  for (const row of rows.filter((usage) => usage["ChargeCategory"] === "Usage")) {
    const product = Number(row["PricingQuantity"]) * Number(row["ContractedUnitPrice"]);
    assert.ok(Math.abs(product - Number(row["ContractedCost"])) < 1e-6, JSON.stringify(row));
    assert.equal(Number(row["BilledCost"]), Math.round(product));
  }
  assert.deepEqual([rows[0]["BillingPeriodStart"], rows[0]["BillingPeriodEnd"]], ["2026-12-31T15:00:00Z", "2027-01-31T15:00:00Z"]);
});

test("a statement's own CSV ends with its totals", async () => {
  const statement = await computeStatement(store, "acme", "2027-01");
  const rows = cells(statementCsv(statement));
  assert.deepEqual(rows.slice(-4).map((row) => [row[0], Number(row.at(-1))]), [["subtotal", statement.subtotalKrw], ["credit c", -1_000], ["credits", -1_000], ["total", statement.totalKrw]]); // prettier-ignore
});

test("a cell with quotes, commas or a formula is made harmless", () => {
  assert.equal(csvLine(['say "hi", you', "=1+1", null, 5n]), '"say ""hi"", you",\'=1+1,,5\r\n');
});
