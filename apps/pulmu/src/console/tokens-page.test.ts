import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Locator } from "playwright-core";
import { SYSTEM } from "@pulmu/govern";
import { addPlan, assignPlan, grantCredit, parseDay, parsePlan, type UsageRecord } from "@pulmu/ledger";
import { openChromium } from "../testing/chromium.ts";
import { LivedInConsole, type Person } from "../testing/lived-in-console.ts";

const HOUR = 3_600_000;
const PLAN = parsePlan({
  id: "standard",
  name: "Standard",
  prices: [
    { item: "prompt-mtok", krw: 400 },
    { item: "output-mtok", tiers: [{ from: 0, krw: 1_200 }, { from: 2, krw: 1_000 }] }, // prettier-ignore
    { item: "gpu-h", accelerator: "gb300", krw: 4_500 },
  ],
});

let world: LivedInConsole;
let operator: Person;
let auditor: Person;
let hanbit: Person;
const usedMs = Date.now() - 2 * HOUR;

before(async () => {
  world = await LivedInConsole.open(Date.now());
  operator = await world.somebody("desk", "operator");
  auditor = await world.somebody("audit", "auditor");
  hanbit = await world.tenant("hanbit", "한빛전자");
  await world.tenant("saebyeok", "새벽연구소");
  const { house } = world;
  await addPlan(house.store, PLAN, "system", usedMs);
  await assignPlan(house.store, { tenantId: "", planId: "standard", fromDay: parseDay("2026-01-01") }, "system", usedMs);
});

after(() => world.close());

/** Usage of the tenant at one moment. */
async function use(id: string, meters: UsageRecord["meters"], over: Partial<UsageRecord> = {}): Promise<void> {
  const whose = { tenantId: "hanbit", projectId: "hanbit/lab", keyId: "k1", modelId: "llama-3.1-70b", acceleratorId: "" };
  await (await world.house.ledger()).record({ id, kind: "request", atMs: usedMs, ...whose, meters, ...over });
}

const won = async (cells: Locator): Promise<number[]> =>
  (await cells.allTextContents()).map((text) => Number(text.replaceAll(/[^\d-]/g, "")));

test("a day's usage is on the statement, whose lines add up to the won on the page, in the file and in the version that is issued", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  await use("day-1", { requests: 2, promptTokens: 5_000_000, outputTokens: 1_500_000 });
  await use("day-2", { requests: 1, promptTokens: 250_000, outputTokens: 1_500_000 });
  await use("day-3", { gpuMilliS: 90 * 60_000 }, { kind: "job", modelId: "", acceleratorId: "gb300" });
  await grantCredit(world.house.store, { id: "welcome", tenantId: "hanbit", amountKrw: 4_000, fromDay: parseDay("2026-01-01"), untilDay: parseDay("2099-01-01") }, "system", usedMs); // prettier-ignore
  const month = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Seoul", year: "numeric", month: "2-digit" }).format(usedMs);
  const page = await world.window(browser, operator);
  await page.goto(`${world.url}/tokens`);
  await page.getByRole("tab", { name: "Statements" }).click();
  await page.getByLabel("Tenant").selectOption("hanbit");
  await page.getByLabel("Month").fill(month);
  const statement = page.getByTestId("statement");
  await statement.getByText("5.250 M tokens").waitFor();
  const lines = await won(statement.locator("tbody td:last-child"));
  // 5.25 M at ₩400; of 3 M, 2 at ₩1,200 and 1 at ₩1,000; an hour and a half at ₩4,500.
  assert.deepEqual(lines.toSorted((a, b) => a - b), [1_000, 2_100, 2_400, 6_750]); // prettier-ignore
  const [subtotal, credit, total] = await won(statement.locator("tfoot td:last-child"));
  assert.deepEqual([subtotal, credit, total], [lines.reduce((sum, krw) => sum + krw, 0), -4_000, 8_250]);

  await page.getByText("As it stands: not issued yet.").waitFor();
  await page.getByRole("button", { name: "Issue it" }).click();
  await page.getByTestId("issued").getByText(/^Issued as version 1: ₩8,250, SHA-256 [0-9a-f]{16}…$/).waitFor(); // prettier-ignore
  const focus = await (await page.request.get(`${world.url}/api/v1/statements/hanbit/${month}/focus.csv`)).text();
  const [head, ...rows] = focus.trim().split(/\r?\n/).map((line) => line.split(",")); // prettier-ignore
  assert.equal(rows.reduce((sum, row) => sum + Number(row[head.indexOf("BilledCost")]), 0), total); // prettier-ignore

  const seen = await world.window(browser, auditor);
  await seen.goto(`${world.url}/tokens`);
  await seen.getByRole("tab", { name: "Statements" }).click();
  await seen.getByLabel("Tenant").selectOption("hanbit");
  await seen.getByLabel("Month").fill(month);
  await seen.getByTestId("issued").getByText("version 1").waitFor();
  assert.equal(await seen.getByRole("button", { name: "Issue it" }).count(), 0);
});

test("a tenant's rate limits are set, shown with what is used of them, and lifted; who may not does not see how", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const own = await world.window(browser, hanbit);
  await own.goto(`${world.url}/tokens`);
  await own.getByRole("tab", { name: "Rate limits" }).click();
  assert.deepEqual(await own.getByLabel("Tenant").locator("option").allTextContents(), ["한빛전자 (hanbit)"], "its own alone");
  const page = await world.window(browser, operator);
  await page.goto(`${world.url}/tokens`);
  await page.getByRole("tab", { name: "Rate limits" }).click();
  await page.getByLabel("Tenant").selectOption("hanbit");
  const set = async (name: string, most: string) => {
    await page.getByRole("row", { name }).getByRole("button", { name: "Change" }).click();
    await page.getByRole("dialog").getByLabel(name).fill(most);
    await page.getByRole("dialog").getByRole("button", { name: "Set the limit" }).click();
  };
  await set("Requests at once", "-1");
  const field = page.getByRole("dialog").getByLabel("Requests at once");
  await page.getByRole("dialog").getByRole("alert").waitFor();
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  await field.fill("4");
  await field.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await set("Tokens a day", "10000000");
  await set("Won a month", "9000");
  const limits = page.getByTestId("limits");
  await limits.getByRole("row", { name: /Won a month.*₩9,000/ }).waitFor();

  const ledger = await world.house.ledger();
  await ledger.refresh();
  const spender = { tenantId: "hanbit", projectId: "hanbit/lab", keyId: "k1", modelId: "llama-3.1-70b" };
  const hold = await ledger.reserve(spender, { meters: { requests: 1 } });
  await limits.getByRole("row", { name: /Requests at once\s*1\s*25%.*4/ }).waitFor(); // prettier-ignore
  ledger.release(hold);
  await limits.getByRole("row", { name: /Requests at once\s*0\s*0%/ }).waitFor();
  await limits.getByRole("row", { name: "Won a month" }).getByText(/^until /).waitFor(); // prettier-ignore

  await limits.getByRole("row", { name: "Won a month" }).getByRole("button", { name: "Remove" }).click();
  await limits.getByRole("row", { name: /Won a month.*no limit/ }).waitFor();

  const seen = await world.window(browser, auditor);
  await seen.goto(`${world.url}/tokens`);
  await seen.getByRole("tab", { name: "Rate limits" }).click();
  await seen.getByLabel("Tenant").selectOption("hanbit");
  for (const reader of [seen, own]) {
    await reader.getByTestId("limits").getByRole("row", { name: /Requests at once.*4/ }).waitFor(); // prettier-ignore
    assert.equal(await reader.getByTestId("limits").getByRole("button").count(), 0);
  }
});

for (const year of [2019, 2041])
  test(`a browser whose clock stands in ${year} shows what is live as live, by the plant's clock, and keys as the house's has them`, async (t) => {
    const browser = await openChromium(t);
    if (browser === undefined) return;
    const { identity, now } = world.house;
    const expiresMs = now() + 24 * HOUR;
    const { key } = await identity.createKey(SYSTEM, { accountId: "hanbit/lab/person", scopes: ["read"], expiresMs });
    const page = await world.window(browser, operator);
    await page.clock.setFixedTime(new Date(Date.UTC(year, 0, 1)));
    const beat = setInterval(() => world.second(), 500);
    t.after(() => clearInterval(beat));
    await page.goto(`${world.url}/tokens`);
    await page.getByText("Live", { exact: true }).waitFor();
    assert.match((await page.locator(".top-clock").textContent())!, /09:\d\d:\d\d$/); // the plant's morning in Seoul
    await page.getByRole("tab", { name: "Keys" }).click();
    await page.getByRole("row", { name: key.id }).getByText("active").waitFor();
    world.clock.ms = expiresMs;
    t.after(() => (world.clock.ms = Date.now()));
    await page.reload();
    await page.getByRole("tab", { name: "Keys" }).click();
    await page.getByRole("row", { name: key.id }).getByText("expired").waitFor();
  });
