import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import type { ServiceRow, TwinEvent } from "@pulmu/twin";
import { builtConsole } from "../testing/built-console.ts";
import { createFakeSimulation } from "../testing/fake-simulation.ts";
import { inPage, showConsole as show } from "../testing/show-console.ts";

const AXE = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const HOSTILE = `<img src=x onerror="document.title='owned'">`;
/** Hangul written in combining parts, as some systems name files. */
const COMBINING = "한국어 에이전트 플랫폼".normalize("NFD");
const PAGES = ["/", "/grid", "/work", "/tokens", "/allotment", "/why"] as const;

before(() => void builtConsole());

test("the factory page shows live numbers, within its own policy and asking no other host", async (t) => {
  const shown = await show(t);
  if (shown === undefined) return;
  const { page, url, factory, complaints, second } = shown;
  await page.goto(url);
  await page.getByTestId("site-power").filter({ hasText: "1.39 MW" }).waitFor();
  await page.getByText("made <b>up</b>").waitFor(); // text is text
  factory.advance(29);
  second(); // half a sway later
  await page.getByTestId("site-power").filter({ hasText: "1.25 MW" }).waitFor();
  assert.match((await page.getByTestId("verdict").textContent())!, /746 kW free of 2.00 MW/);
  for (const path of PAGES) {
    await page.goto(url + path);
    await page.locator("h1").waitFor();
  }
  assert.deepEqual(complaints, []);
});

test("a load target of the grid is the first thing that is said", async (t) => {
  const shown = await show(t);
  if (shown === undefined) return;
  const { page, url, factory, second } = shown;
  factory.advance(400); // the fake has a target of 1.5 MW from its 600th second on
  second();
  await page.goto(url);
  await page.getByText("Holding the grid's target").waitFor();
});

test("each figure of the first page says from what it is reckoned, and lets go of the keyboard where it took it", async (t) => {
  const shown = await show(t);
  if (shown === undefined) return;
  const { page, url, complaints } = shown;
  await page.goto(url);
  const asked = page.getByRole("button", { name: "How Cost per M tokens comes about" });
  await asked.focus();
  await page.keyboard.press("Enter");
  const told = page.getByRole("dialog", { name: "How Cost per M tokens comes about" });
  await told.getByText(/ × 1,000,000 = .+Wh, at ₩\d+ a kWh$/).waitFor();
  await page.keyboard.press("Escape");
  await told.waitFor({ state: "detached" });
  assert.equal(await asked.evaluate((button) => button === button.ownerDocument.activeElement), true);
  await page.getByRole("button", { name: "How Tokens per second comes about" }).click();
  await page.getByRole("link", { name: "Service by service" }).click();
  await page.getByTestId("services").waitFor();
  assert.deepEqual(complaints, []);
});

test("down the power tree: feed, transformer, rack, GPUs, each with its series, and back by the crumbs", async (t) => {
  const shown = await show(t);
  if (shown === undefined) return;
  const { page, url } = shown;
  await page.goto(`${url}/?node=main-a`);
  await page.getByRole("button", { name: /^tr-a/ }).click();
  await page.getByRole("button", { name: /^h1\/r02\/03/ }).click();
  await page.getByText("72 GPUs").first().waitFor();
  assert.match(page.url(), /rack=h1/);
  await page.locator(".drill canvas").waitFor();
  await page.getByRole("radio", { name: /^GPU 5: idle/ }).click();
  await page.getByText("Share of the rack").waitFor();
  assert.match(page.url(), /gpu=5/);
  await page.locator(".drill canvas").waitFor();
  await page.locator("button.crumb", { hasText: "h1/r02/03" }).click();
  await page.locator("button.crumb", { hasText: "main-a" }).click();
  assert.match(page.url(), /node=main-a/);
});

test("in a light room the floor plan stands on its card's own white, however short the style sheet writes it", async (t) => {
  const shown = await show(t, { colorScheme: "light" });
  if (shown === undefined) return;
  const { page, url } = shown;
  await page.goto(url);
  await page.locator(".floor-box canvas").waitFor();
  const corner = `[...document.querySelector(".floor-box canvas").getContext("2d").getImageData(0, 0, 1, 1).data].join()`;
  await page.waitForFunction(`${corner} === "255,255,255,255"`);
});

test("by keyboard alone a rack is found on the floor plan, heard, and opened", async (t) => {
  const shown = await show(t);
  if (shown === undefined) return;
  const { page, url } = shown;
  await page.goto(url);
  await page.locator(".floor-box canvas").focus();
  for (const key of ["ArrowRight", "ArrowRight", "ArrowDown"]) await page.keyboard.press(key);
  assert.match((await page.locator('[aria-live="polite"]').first().textContent())!, /^Rack h1\/r02\/02: 120 kW of 142 kW/);
  await page.keyboard.press("Enter");
  await page.locator('.crumbs [aria-current="location"]', { hasText: "h1/r02/02" }).waitFor();
});

test("when the connection is lost the page says so and shows nothing as live; it recovers by itself", async (t) => {
  const shown = await show(t);
  if (shown === undefined) return;
  const { page, url, second, down, up } = shown;
  await page.goto(url);
  await page.getByTestId("site-power").waitFor();
  await down();
  await page.getByTestId("stale").waitFor();
  assert.equal(await inPage(page, `getComputedStyle(document.querySelector(".power-now")).fontStyle`), "italic");
  await page.getByText("Not live").waitFor();
  await up();
  const beat = setInterval(second, 250);
  t.after(() => clearInterval(beat));
  await page.getByTestId("stale").waitFor({ state: "detached" });
  await page.getByText("Live", { exact: true }).waitFor();
});

test("hostile, combining and very long names are shown as they are, and break nothing at 1280 px or on a phone", async (t) => {
  const simulation = createFakeSimulation();
  const long = `agents-${"긴이름".repeat(60)}`;
  const service = (id: string): ServiceRow => ({ ...simulation.services()[0], id });
  const services = [service(HOSTILE), service(COMBINING), service(long)];
  Object.assign(simulation, { services: () => services });
  Object.assign(simulation.site, { name: `${HOSTILE} ${long}`, tenants: [{ id: "agents", name: COMBINING, serviceClass: "standard" }] });
  const shown = await show(t, { viewport: { width: 1280, height: 800 } }, simulation);
  if (shown === undefined) return;
  const { page, url, complaints } = shown;
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 });
    for (const path of ["/", "/work"]) {
      await page.goto(url + path);
      await page.getByText(HOSTILE).first().waitFor();
      assert.ok((await inPage<number>(page, "document.documentElement.scrollWidth")) <= width, `${path} at ${width} px`);
    }
    await page.getByText(COMBINING).first().waitFor();
  }
  assert.equal(await page.title(), "Pulmu console");
  assert.deepEqual(complaints, []);
});

test("ten thousand events are taken, the newest shown first, and the list stays short", async (t) => {
  const simulation = createFakeSimulation();
  const take = simulation.takeEvents.bind(simulation);
  let flood: TwinEvent[] = [];
  Object.assign(simulation, { takeEvents: () => [...take(), ...flood.splice(0)] });
  const shown = await show(t, {}, simulation);
  if (shown === undefined) return;
  const { page, url, second } = shown;
  await page.goto(url);
  await page.getByTestId("site-power").waitFor();
  flood = Array.from({ length: 10_000 }, (_, i) => ({ atS: 301, kind: "note", severity: "info", subject: "pulmu", text: `event ${i}` }));
  second();
  await page.getByText("event 9999").waitFor();
  assert.equal(await page.locator("ol.list li").count(), 200);
});

test("in Korean all is Korean: numbers in 만, the won sign, the site's time", async (t) => {
  const shown = await show(t);
  if (shown === undefined) return;
  const { page, url, factory } = shown;
  await page.goto(url);
  await page.getByRole("button", { name: "한국어" }).click();
  await page.getByRole("heading", { name: "공장" }).waitFor();
  assert.equal(await inPage(page, "document.documentElement.lang"), "ko");
  await page.getByText("6.3만").first().waitFor(); // 63,000 tokens a second
  assert.match((await page.locator(".top-clock").textContent())!, /09:0[45]:\d\d$/); // midnight UTC and five minutes, in Seoul
  factory.note("info", "load target 41.2 MW for the site", { code: "site-asked", values: { limitW: 41.2e6 } });
  await page.getByText(/^사이트에 부하 목표 41\.2.MW$/).waitFor();
  await page.getByText("GPU fault number 1").waitFor(); // what comes without words is shown as it came
  await page.reload();
  await page.getByRole("heading", { name: "공장" }).waitFor();
});

test("a part whose API fails says so and can be tried again; the rest goes on", async (t) => {
  const shown = await show(t);
  if (shown === undefined) return;
  const { page, url } = shown;
  await page.route("**/api/floor", (route) =>
    route.fulfill({ status: 503, contentType: "application/json", body: `{"error":{"code":"x","message":"the floor is being swept"}}` }),
  );
  await page.goto(url);
  await page.getByText("the floor is being swept").waitFor();
  await page.getByTestId("site-power").filter({ hasText: "MW" }).waitFor();
  await page.unroute("**/api/floor");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator(".floor-box canvas").waitFor();
});

test("a slow API shows that it is waited for, and the live numbers do not wait with it", async (t) => {
  const shown = await show(t);
  if (shown === undefined) return;
  const { page, url } = shown;
  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route("**/api/floor", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(url);
  await page.getByTestId("site-power").filter({ hasText: "MW" }).waitFor();
  await page.locator(".skeleton").first().waitFor();
  answer();
  await page.locator(".floor-box canvas").waitFor();
});

for (const colorScheme of ["dark", "light"] as const) {
  test(`no page has a serious fault of accessibility, ${colorScheme}`, async (t) => {
    const shown = await show(t, { colorScheme, bypassCSP: true });
    if (shown === undefined) return;
    const { page, url, second } = shown;
    const beat = setInterval(second, 500);
    t.after(() => clearInterval(beat));
    const faults: string[] = [];
    for (const path of ["/", "/?rack=h1/r01/02", ...PAGES.slice(1)]) {
      await page.goto(url + path);
      await page.locator("h1").waitFor();
      await page.addScriptTag({ content: AXE });
      const found = await inPage<{ id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]>(
        page,
        "axe.run().then(({ violations }) => violations)",
      );
      for (const { id, impact, nodes } of found)
        if (impact === "serious" || impact === "critical")
          faults.push(`${path}: ${id}: ${nodes[0].html.slice(0, 160)} ${nodes[0].failureSummary}`);
    }
    assert.deepEqual(faults, []);
  });
}
