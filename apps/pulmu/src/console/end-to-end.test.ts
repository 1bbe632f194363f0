import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { builtConsole } from "../testing/built-console.ts";
import { openChromium } from "../testing/chromium.ts";
import { PulmuProcess } from "../testing/run-pulmu.ts";

// A factory as `npm start` runs it, with a site of eight racks; what people do is done in a browser.
const folder = mkdtempSync(join(tmpdir(), "pulmu-console-e2e-"));
let up: PulmuProcess;
let url: string;
let link: string;

before(async () => {
  builtConsole();
  const args = ["up", "--site", "sites/lab.yaml", "--port", "0", "--bus-port", "0", "--no-ui", "--bus-home", join(folder, "bus")];
  up = new PulmuProcess(args, { PULMU_DATABASE: join(folder, "house.db") });
  [, url, link] = await up.printed(/^Console: (http:\/\/[\d.:]+)(\/#in=\S+)$/m);
  await up.printed(/^Bus: /m);
});

after(async () => {
  up.child.kill("SIGTERM");
  await up.end();
  rmSync(folder, { recursive: true });
});

async function open(t: TestContext, path: string): Promise<Page | undefined> {
  const browser = await openChromium(t);
  const page = await browser?.newPage({ locale: "en", viewport: { width: 1280, height: 900 } });
  await page?.goto(url + path);
  return page;
}

test("a new operator runs a grid event and sees what it cost, from the terminal's link on, without reading anything", async (t) => {
  const page = await open(t, link);
  if (page === undefined) return;
  await page.getByTestId("site-power").waitFor();
  assert.equal(await page.evaluate("location.href"), `${url}/`, "the link does not stay in the address");
  await page.getByRole("link", { name: "Grid" }).click();
  await page.getByTestId("quote").getByText("₩").first().waitFor(); // what it would cost, before anything is asked
  await page.getByRole("radio", { name: "1 min" }).click();
  await page.getByRole("button", { name: "Play this event" }).click();
  await page.getByTestId("running").getByText("No more than").waitFor();
  await page.getByText("Holding the grid's target").first().waitFor();
  const row = page.getByTestId("grid-events").locator("tbody tr").first();
  await row.getByText("Running").waitFor(); // lifted sooner, it would never have begun
  await page.getByRole("button", { name: "Lift it" }).click();
  await row.getByText(/^Met|^Not met|^not known/).waitFor();
  await page.getByTestId("chain").getByText("Accounts").waitFor();
  await page.getByRole("link", { name: "Why ›" }).click();
  const chain = page.getByTestId("why-chain");
  for (const kind of ["grid.target.taken", "power.target.allocated", "power.target.ended"]) await chain.getByText(kind).waitFor();
});

test("two operators at once: what one plays, the other sees, and may lift", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const [one, other] = await Promise.all([browser.newContext({ locale: "en" }), browser.newContext({ locale: "ko" })]);
  const [player, watcher] = await Promise.all([one.newPage(), other.newPage()]);
  await player.goto(url + link.replace("/", "/grid"));
  await watcher.goto(url + link.replace("/", "/grid"));
  await player.getByRole("button", { name: "Play this event" }).click();
  await watcher.getByTestId("running").waitFor();
  await watcher.getByRole("button", { name: "해제" }).click();
  await player.getByTestId("running").waitFor({ state: "detached" });
});

test("a key is made and the gateway asked with it; tokens, joules and carbon are shown; a budget is set and hit", async (t) => {
  const page = await open(t, link.replace("/", "/tokens"));
  if (page === undefined) return;
  await page.getByRole("tab", { name: "Keys" }).click();
  await page.getByRole("button", { name: "Make the key" }).click();
  const key = (await page.getByTestId("new-key").textContent())!.trim();
  assert.match(key, /^pulmu_\w{16}_[\w-]{43}$/);
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByRole("button", { name: "Send" }).click();
  const cost = page.getByTestId("answer-cost");
  await cost
    .getByText(/\d m?J$/)
    .first()
    .waitFor();
  await cost.getByText("lab · us").waitFor();
  assert.notEqual(await page.getByTestId("answer").textContent(), "");
  await page.getByText("Simulated: no model runs here.").waitFor();

  // A rate limit of the tenant, hit: the gateway hears of it within a second.
  const refused = page.getByRole("alert").getByText(/quota|limit/i);
  const askUntilRefused = async () => {
    do {
      await page.getByRole("button", { name: "Send" }).click();
      await refused.or(cost).first().waitFor();
    } while (!(await refused.isVisible()));
  };
  await page.getByRole("tab", { name: "Rate limits" }).click();
  await page.getByLabel("Tenant").selectOption("house");
  const limit = page.getByRole("row", { name: "Requests a day" });
  await limit.getByRole("button", { name: "Change" }).click();
  await page.getByRole("dialog").getByRole("spinbutton").fill("1");
  await page.getByRole("dialog").getByRole("button", { name: "Set the limit" }).click();
  await limit.getByText("100%").waitFor(); // one was asked before it was set
  await page.getByRole("tab", { name: "Playground" }).click();
  await askUntilRefused();
  await page.getByRole("tab", { name: "Rate limits" }).click();
  await limit.getByRole("button", { name: "Remove" }).click();
  await limit.getByText("no limit").waitFor();

  await page.getByRole("tab", { name: "Budgets" }).click();
  await page.getByLabel("key", { exact: true }).fill(key.slice(6, 22));
  await page.getByLabel("At most").fill("1");
  await page.getByRole("button", { name: "Set the budget" }).click();
  await page.getByTestId("budgets").getByText(key.slice(6, 22)).waitFor();
  await page.getByRole("tab", { name: "Playground" }).click();
  await askUntilRefused();
  await page.getByRole("tab", { name: "Budgets" }).click();
  await page.getByTestId("budgets").locator(".bad", { hasText: "%" }).waitFor(); // used up, and said so

  await page.goto(`${url}/why?key=${key.slice(6, 22)}`); // what the bill's line is made of, each with its trace
  await page.getByTestId("usage-records").getByRole("link").first().waitFor();
});

test("whoever is not signed in sees the plant, and neither accounts nor buttons; a bad key is told", async (t) => {
  const page = await open(t, "/grid");
  if (page === undefined) return;
  await page.getByText("Sign in with an operator's key").waitFor();
  assert.equal(await page.getByRole("button", { name: "Play this event" }).count(), 0);
  await page.getByRole("link", { name: "Tokens" }).click();
  await page.getByText("Sign in to see this.").waitFor();
  assert.deepEqual(await page.getByRole("tab").allTextContents(), ["Playground"]);
  await page.getByRole("banner").getByRole("button", { name: "Sign in" }).click();
  await page
    .getByRole("dialog")
    .getByLabel("Key")
    .fill(`pulmu_0000000000000000_${"A".repeat(43)}`);
  await page.getByRole("dialog").getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("no such key").waitFor();
  await page
    .getByRole("dialog")
    .getByLabel("Key")
    .fill(readFileSync(join(folder, "admin-key"), "utf8"));
  await page.getByRole("dialog").getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Account" }).waitFor();
});

test("a viewer sees usage and keys, and may neither make one nor play; an auditor reads the journal", async (t) => {
  const page = await open(t, "/tokens");
  if (page === undefined) return;
  const admin = readFileSync(join(folder, "admin-key"), "utf8").trim();
  const api = async (path: string, body: unknown) => {
    const headers = { Authorization: `Bearer ${admin}`, "Content-Type": "application/json" };
    const response = await fetch(`${url}/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return (await response.json()) as { text: string };
  };
  await api("/projects", { tenantId: "house", id: "watch", name: "Watch" });
  for (const role of ["viewer", "auditor"]) {
    await api("/accounts", { projectId: "house/watch", id: role, role });
    const { text } = await api("/keys", { accountId: `house/watch/${role}`, scopes: ["read"] });
    await page.context().clearCookies();
    await page.context().request.post(`${url}/api/console/session`, { data: { key: text } });
    await page.goto(`${url}/tokens`);
    await page.getByRole("tab", { name: "Keys" }).click();
    await page.getByTestId("keys").waitFor();
    assert.equal(await page.getByRole("button", { name: "Make the key" }).count(), 0);
    assert.equal(await page.getByRole("button", { name: "Revoke" }).count(), 0);
    await page.goto(`${url}/grid`);
    await page.getByText("Operators of the site may play events").waitFor();
    await page.goto(`${url}/why`);
    if (role === "auditor") await page.getByTestId("journal").waitFor();
    else await page.getByText("The journal is read by operators and auditors").waitFor();
  }
});

test("a factory that is started again is found again: the page recovers without being touched", async (t) => {
  const port = new URL(url).port;
  const page = await open(t, "/");
  if (page === undefined) return;
  await page.getByText("Live", { exact: true }).waitFor();
  up.child.kill("SIGKILL");
  await up.end();
  await page.getByTestId("stale").waitFor();
  const args = [
    "up",
    "--site",
    "sites/lab.yaml",
    "--port",
    port,
    "--gateway-port",
    "0",
    "--bus-port",
    "0",
    "--no-ui",
    "--bus-home",
    join(folder, "bus"),
  ];
  up = new PulmuProcess(args, { PULMU_DATABASE: join(folder, "house.db") });
  await page.getByTestId("stale").waitFor({ state: "detached" });
  await page.getByText("Live", { exact: true }).waitFor();
});
