import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { SYSTEM } from "@pulmu/govern";
import { type NewLimit, setLimit } from "@pulmu/ledger";
import { openChromium } from "../testing/chromium.ts";
import { LivedInConsole, type Person } from "../testing/lived-in-console.ts";

// What people and machines send that is not nice, on the pages of tenants and of allotments.

const HOSTILE = `<img src=x onerror="document.title='owned'">`;
/** Hangul written in combining parts, as some systems name files. */
const COMBINING = "한국어 에이전트 플랫폼".normalize("NFD");
const LONG = `아주긴이름${"가나다라마바사".repeat(25)}`;

let world: LivedInConsole;
let operator: Person;
let hanbit: Person;

before(async () => {
  world = await LivedInConsole.open(Date.UTC(2026, 0, 5));
  operator = await world.somebody("desk", "operator");
  hanbit = await world.tenant("hanbit", HOSTILE);
  await world.tenant("combining", COMBINING);
  await world.tenant("long", LONG);
  const { house } = world;
  const record = { kind: "request", atMs: Date.now() - 1_000, projectId: "hanbit/lab", keyId: "k1", acceleratorId: "", meters: { requests: 1, outputTokens: 9 } } as const; // prettier-ignore
  for (const [id, modelId] of [
    ["a", HOSTILE],
    ["b", "m".repeat(200)],
  ] as const)
    await (await house.ledger()).record({ ...record, id, tenantId: "hanbit", modelId });
  const limit: NewLimit = { tenantId: "hanbit", scope: "tenant", scopeId: "hanbit", modelId: HOSTILE, meter: "tokens", window: "day", most: 9_007_199_254_740_991 }; // prettier-ignore
  await setLimit(house.store, house.calendar, limit, "system", Date.now());
  const pools = [{ sector: "industry" as const, gpus: 16, krwPerGpuH: 1_000 }];
  const call = { id: "spring", title: `${HOSTILE} ${LONG}`, opens: Date.UTC(2026, 0, 1), closes: Date.UTC(2026, 0, 10), grantsFrom: Date.UTC(2026, 1, 1), grantsUntil: Date.UTC(2026, 7, 1), pools, gpusPerServer: 8, capPerOrganisation: 16, youngCompanyDiscount: 50, regions: { bonus: 0, of: [] }, dataClasses: ["public" as const], reviewers: [operator.id], reviewsEach: 1, criteria: [{ id: "impact", weight: 1 }], passMark: 50, conditions: [HOSTILE, LONG], use: { every: 1_209_600, leastOfPlan: 50 } }; // prettier-ignore
  const allotments = await house.allotments();
  await allotments.publish(SYSTEM, call);
  const form = { callId: "spring", tenantId: "hanbit", sector: "industry", young: false, gpus: 16, leastGpus: 8, fromMs: call.grantsFrom, untilMs: call.grantsUntil, dataClass: "public", plannedUse: 80 } as const; // prettier-ignore
  for (const [organisation, region] of [
    [HOSTILE, COMBINING],
    [COMBINING, LONG],
    [LONG, HOSTILE],
  ] as const)
    await allotments.apply(SYSTEM, { ...form, organisation, region, purpose: `${organisation} ${LONG}` });
});

after(() => world.close());

/** What the browser complains of, which must stay empty. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => request.url().startsWith(world.url) || complaints.push(`asked ${request.url()}`));
  return complaints;
}

test("hostile, combining and very long names of tenants, models, organisations and calls are shown as they are, and break nothing at 1280 px or on a phone", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const page = await world.window(browser, operator);
  const complaints = complaintsOf(page);
  const fits = async (place: string, width: number) =>
    assert.ok(((await page.evaluate("document.documentElement.scrollWidth")) as number) <= width, `${place} at ${width} px`);
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 });
    await page.goto(`${world.url}/tokens`);
    for (const [tab, test] of [
      ["Usage", "usage"],
      ["Keys", "keys"],
      ["Rate limits", "limits"],
      ["Budgets", "budgets"],
    ] as const) {
      await page.getByRole("tab", { name: tab }).click();
      await page.getByTestId(test).waitFor();
      await fits(tab, width);
    }
    await page.getByTestId("budgets").getByText(HOSTILE).waitFor();
    await page.getByTestId("budgets").getByText("9,007,199,254,740,991").filter({ visible: true }).waitFor();
    await page.goto(`${world.url}/allotment`);
    for (const name of [HOSTILE, COMBINING, LONG]) await page.getByTestId("applications").getByText(name).first().waitFor();
    await fits("allotment", width);
    await page.getByRole("button", { name: "Leave out" }).first().click();
    await page.getByRole("dialog").getByText(`Leave out ${HOSTILE}`).waitFor();
    await fits("dialogue", width);
  }
  assert.equal(await page.title(), "Pulmu console");
  assert.deepEqual(complaints, []);
});

test("of ten thousand applications some hundreds are shown, and more when asked for", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const page = await world.window(browser, operator);
  await page.route("**/applications", async (route) => {
    const answer = await route.fetch();
    const [one] = (await answer.json()) as object[];
    await route.fulfill({ json: Array.from({ length: 10_000 }, (_, i) => ({ ...one, id: i + 1 })) });
  });
  await page.goto(`${world.url}/allotment`);
  const list = page.getByRole("region", { name: "Applications" });
  await list.getByText("200 of 10,000 shown").waitFor();
  assert.equal(await list.locator("tbody tr").count(), 200);
  await list.getByRole("button", { name: "Show more" }).click();
  await list.getByText("400 of 10,000 shown").waitFor();
});

test("a list that cannot be had says so and can be asked for again; the rest of the page goes on", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const page = await world.window(browser, operator);
  await page.route("**/applications", (route) =>
    route.fulfill({ status: 409, contentType: "application/json", body: `{"error":{"code":"x","message":"the book is being bound"}}` }),
  );
  await page.goto(`${world.url}/allotment`);
  const list = page.getByRole("region", { name: "Applications" });
  await list.getByRole("alert").getByText("the book is being bound").waitFor();
  await page.getByText("0 of 16 held").waitFor();
  await page.unroute("**/applications");
  await list.getByRole("button", { name: "Try again" }).click();
  await page.getByTestId("applications").waitFor();
});

test("what the API refuses, or answers in no words at all, is said where it was asked for, and what was typed stays", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const page = await world.window(browser, operator);
  await page.goto(`${world.url}/tokens`);
  await page.getByRole("tab", { name: "Budgets" }).click();
  const form = page.getByRole("region", { name: "Set the budget" });
  await form.getByLabel("key", { exact: true }).fill("0000000000000000");
  await form.getByLabel("At most").fill("5");
  await form.getByRole("button", { name: "Set the budget" }).click();
  await form.getByText("no such key").waitFor();
  assert.equal(await form.getByLabel("key", { exact: true }).getAttribute("aria-invalid"), "true");

  const answers = [
    { status: 500, contentType: "text/html", body: "<h1>gone wrong</h1>" },
    { status: 502, body: "" },
  ] as const;
  for (const answer of answers) {
    await page.route("**/api/v1/budgets", (route) => (route.request().method() === "PUT" ? route.fulfill(answer) : route.fallback()));
    await form.getByRole("button", { name: "Set the budget" }).click();
    await form.getByRole("alert").getByText(`${answer.status}`).waitFor();
    await page.unroute("**/api/v1/budgets");
  }
  await page.route("**/api/v1/budgets", (route) => (route.request().method() === "PUT" ? route.abort() : route.fallback()));
  await form.getByRole("button", { name: "Set the budget" }).click();
  await form.getByRole("alert").getByText("cannot be reached").waitFor();
  assert.equal(await form.getByLabel("key", { exact: true }).inputValue(), "0000000000000000");
  assert.equal(await form.getByLabel("At most").inputValue(), "5");
});

test("a slow API shows that it is waited for, and an act under way is not done twice", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const page = await world.window(browser, hanbit);
  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  let applied = 0;
  await page.route("**/api/v1/usage?*", async (route) => {
    await held;
    await route.continue();
  });
  await page.route("**/api/v1/allotment/applications", async (route) => {
    applied++;
    await held;
    await route.continue();
  });
  await page.goto(`${world.url}/tokens`);
  await page.getByRole("region", { name: "Usage" }).locator(".skeleton").waitFor();
  await page.getByRole("link", { name: "Allotment" }).click();
  await page.getByRole("button", { name: "Apply" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("Organisation").fill("Slow Ltd");
  await form.getByLabel("Purpose").fill("Patience");
  await form.getByLabel("Region").fill("Jeju");
  const send = form.getByRole("button", { name: "Apply" });
  await send.click();
  await send.click({ force: true });
  await form.getByLabel("Region").press("Enter");
  answer();
  await form.waitFor({ state: "detached" });
  await page.getByTestId("applications").getByText("Slow Ltd").waitFor();
  assert.equal(applied, 1);
  await page.goto(`${world.url}/tokens`);
  await page.getByTestId("usage").waitFor();
});

test("a plant that nobody steers from here says that no quote can be had, instead of promising one", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const page = await world.window(browser, operator);
  await page.goto(`${world.url}/grid`);
  await page.getByText("Nobody steers this factory from here").waitFor();
});
