import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { openChromium } from "../testing/chromium.ts";
import { type LabFactory, openLab } from "../testing/lab-factory.ts";

// From any figure to what it came from, in a browser, against a factory that runs.
let lab: LabFactory;
let gateway: string;
let key: string;

before(async () => {
  lab = await openLab();
  key = readFileSync(join(lab.folder, "admin-key"), "utf8").trim();
  gateway = ((await (await fetch(`${lab.url}/api/console`)).json()) as { readonly gateway: string }).gateway;
});

after(() => lab.close());

/** Asks a model; the answer's status and the trace it was asked under. */
async function ask(trace: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const models = await fetch(`${gateway}/models`, { headers: { Authorization: `Bearer ${key}` } });
  const [{ id }] = ((await models.json()) as { readonly data: readonly { readonly id: string }[] }).data;
  const response = await fetch(`${gateway}/chat/completions`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${key}`,
      "Content-Type": "application/json",
      traceparent: `00-${trace}-00f067aa0ba902b7-01`,
      ...headers,
    },
    body: JSON.stringify({ model: id, messages: [{ role: "user", content: "hello" }], max_tokens: 8 }),
  });
  await response.text();
  return response.status;
}

async function open(t: TestContext, path: string, locale = "en"): Promise<Page | undefined> {
  const browser = await openChromium(t);
  const page = await browser?.newPage({ locale, viewport: { width: 1280, height: 900 } });
  await page?.goto(lab.url + lab.link.replace("/", path));
  return page;
}

test("a request's own trace shows who asked, the policy, its way in, who answered, its joules and won, and its place in the bill", async (t) => {
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  assert.equal(await ask(trace), 200);
  const page = await open(t, "/why");
  if (page === undefined) return;
  await page
    .getByTestId("requests")
    .getByRole("link", { name: trace.slice(0, 8) })
    .click();
  const chain = page.getByTestId("why-chain");
  for (const step of ["gateway.asked", "gateway.judged", "gateway.admitted", "gateway.answered", "usage record"])
    await chain.getByText(step).first().waitFor();
  await chain.getByText(/prompt and \d+ output tokens: .+ J, .+ CO₂, ₩.+ at list price/).waitFor();
  await chain.getByText(/Counts in house's statement of \d{4}-\d{2}, not issued yet|house has no price plan/).waitFor();
});

test("a line of a bill leads to the records that it adds up, and each of those to its request", async (t) => {
  const plan = { id: "lab", name: "Lab", prices: [{ item: "output-mtok", tiers: [{ from: 0, krw: 1_000_000 }] }] };
  for (const [path, body] of [
    ["/plans", plan],
    ["/plans/assignments", { tenantId: "house", planId: "lab", from: "2026-01-01" }],
  ] as const) {
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
    const response = await fetch(`${lab.url}/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    assert.equal(response.status, 201);
  }
  const trace = "bbf92f3577b34da6a3ce929d0e0e4738";
  assert.equal(await ask(trace), 200);
  const page = await open(t, "/tokens");
  if (page === undefined) return;
  await page.getByRole("tab", { name: "Statements" }).click();
  await page.getByTestId("statement").locator("tr", { hasText: "Output tokens" }).getByRole("link", { name: "Records" }).click();
  await page
    .getByTestId("usage-records")
    .getByRole("link", { name: trace.slice(0, 8) })
    .click();
  const chain = page.getByTestId("why-chain");
  await chain.getByText(/Counts in house's statement of \d{4}-\d{2}, not issued yet/).waitFor();
  await chain.getByText(/^Output tokens: 0.000008 M tokens at ₩1,000,000, ₩8$/).waitFor();
});

test("a refusal of the gateway leads to its chain, which names the rule that forbade it", async (t) => {
  const trace = "aaf92f3577b34da6a3ce929d0e0e4737";
  assert.equal(await ask(trace, { "x-pulmu-residency": "kr-only" }), 403);
  const page = await open(t, "/why");
  if (page === undefined) return;
  await page.getByLabel("Refused only").check();
  await page
    .getByTestId("requests")
    .getByRole("link", { name: trace.slice(0, 8) })
    .click();
  const chain = page.getByTestId("why-chain");
  await chain.getByText("gateway.refused").waitFor();
  await chain.getByText(/Forbidden by/).waitFor();
  await chain.getByText("gateway.denied").waitFor(); // and the journal has it under the same trace
});

test("any rack's limit leads to what made it: the contract, the cap it was told, the work on it, and the trace", async (t) => {
  const page = await open(t, "/?rack=h1/r01/01");
  if (page === undefined) return;
  const { racks } = (await (await fetch(`${lab.url}/api/floor`)).json()) as { readonly racks: { readonly id: readonly string[] } };
  await page.goto(`${lab.url}/?rack=${encodeURIComponent(racks.id[0])}`);
  await page.getByRole("link", { name: "Why this limit" }).click();
  const chain = page.getByTestId("rack-chain");
  await chain.getByText(/^Site: .+ in force of .+ contracted/).waitFor();
  await chain.getByText(/^Told /).waitFor();
  await chain.getByRole("link", { name: "All that is written of it" }).click();
  await page
    .getByTestId("why-chain")
    .getByText(/Steering begins: .+ for 8 racks/)
    .waitFor();
});

test("a cap for the grid leads to the grid's message", async (t) => {
  const page = await open(t, "/grid");
  if (page === undefined) return;
  await page.getByRole("button", { name: "Play this event" }).click();
  await page.getByText("Holding the grid's target").first().waitFor();
  const { racks } = (await (await fetch(`${lab.url}/api/floor`)).json()) as { readonly racks: { readonly id: readonly string[] } };
  const held = await Promise.all(
    racks.id.map(async (id) => {
      const why = await (await fetch(`${lab.url}/api/why/rack?rack=${encodeURIComponent(id)}`)).json();
      return { id, ...(why as { readonly isHeld: boolean; readonly trace: string }) };
    }),
  );
  const { id } = held.find(({ isHeld }) => isHeld)!;
  await page.goto(`${lab.url}/why?rack=${encodeURIComponent(id)}`);
  await page.getByTestId("rack-chain").getByText("by the grid's target").first().waitFor();
  await page.getByRole("link", { name: "All that is written of it" }).click();
  await page.getByTestId("why-chain").getByText("grid.target.taken").waitFor();
  await page.goto(`${lab.url}/grid`);
  await page.getByRole("button", { name: "Lift it" }).click();
});
