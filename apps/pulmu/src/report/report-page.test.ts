import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { openChromium } from "../testing/chromium.ts";
import { demoReport } from "../testing/demo-report.ts";
import { renderReport } from "./render-report.ts";

const HOSTILE = `</script><script>document.title="owned"</script><img src=x onerror="document.title='owned'">`;

/** Opens a report from a file, and notes what went wrong and what was asked of the network. */
async function open(t: TestContext, html: string, options: Parameters<import("playwright-core").Browser["newPage"]>[0] = {}) {
  const browser = await openChromium(t);
  if (browser === undefined) return undefined;
  const dir = mkdtempSync(join(tmpdir(), "pulmu-page-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, "report.html");
  writeFileSync(file, html);
  const page = await browser.newPage(options);
  const errors: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  return { page, errors, requests, address: pathToFileURL(file).href };
}

/** Runs an expression in the page. Text, because this project's types know no browser. */
const inPage = async <T>(page: Page, expression: string): Promise<T> => (await page.evaluate(expression)) as T;

/** Places without a drawing that differs from blank. */
const BLANK_PLOTS = `[...document.querySelectorAll("[data-chart]")].filter((place) => {
  const canvas = place.querySelector("canvas");
  return canvas === null || !canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte !== 0);
}).map((place) => place.dataset.chart)`;

for (const colorScheme of ["light", "dark"] as const) {
  test(`a report opened from a file in ${colorScheme} colours draws every plot, without an error and without the network`, async (t) => {
    const opened = await open(t, renderReport([demoReport()]), { colorScheme, viewport: { width: 1280, height: 900 } });
    if (opened === undefined) return;
    const { page, errors, requests, address } = opened;
    assert.deepEqual(errors, []);
    assert.deepEqual(requests, [address]);
    assert.ok((await inPage<number>(page, `document.querySelectorAll("canvas").length`)) >= 14);
    assert.deepEqual(await inPage<string[]>(page, BLANK_PLOTS), []);
  });
}

test("a comparison of two runs, one of them with latencies on a logarithmic axis, draws every plot", async (t) => {
  const winter = demoReport({ seed: 2, startMs: Date.UTC(2027, 0, 12, 15) });
  const jammed = { ...winter, mean: { ...winter.mean, ttftP99S: winter.mean.ttftP99S.map((value, i) => (i > 900 ? 60 : value)) } };
  const opened = await open(t, renderReport([demoReport(), jammed]));
  if (opened === undefined) return;
  assert.deepEqual(opened.errors, []);
  assert.deepEqual(await inPage<string[]>(opened.page, BLANK_PLOTS), []);
});

test("a hostile scenario name is shown as the text it is", async (t) => {
  const opened = await open(t, renderReport([demoReport({ scenario: HOSTILE })]));
  if (opened === undefined) return;
  const { page, errors } = opened;
  assert.equal(await inPage(page, `document.querySelector("h1").textContent.trim()`), HOSTILE);
  assert.notEqual(await page.title(), "owned");
  assert.deepEqual(errors, []);
});

test("on a phone nothing but its own scroll areas is wider than the screen", async (t) => {
  const opened = await open(t, renderReport([demoReport()]), { viewport: { width: 390, height: 800 } });
  if (opened === undefined) return;
  assert.equal(await inPage(opened.page, `document.documentElement.scrollWidth`), 390);
});

test("zooming one plot in time zooms the others, and a double click takes them all back", async (t) => {
  const opened = await open(t, renderReport([demoReport()]), { viewport: { width: 1280, height: 900 } });
  if (opened === undefined) return;
  const { page, errors } = opened;
  const pictures = (): Promise<string[]> =>
    inPage(page, `["power-use", "tokens", "cost"].map((id) => document.querySelector('[data-chart="' + id + '"] canvas').toDataURL())`);
  const before = await pictures();
  const box = await page.locator('[data-chart="power-use"] .u-over').boundingBox();
  assert.ok(box !== null);
  await page.mouse.move(box.x + box.width * 0.3, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await inPage(page, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`);
  const zoomed = await pictures();
  assert.deepEqual(
    zoomed.map((picture, i) => picture === before[i]),
    [false, false, false],
  );
  await page.mouse.dblclick(box.x + box.width * 0.5, box.y + 50);
  await inPage(page, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`);
  assert.deepEqual(
    (await pictures()).map((picture, i) => picture === before[i]),
    [true, true, true],
  );
  assert.deepEqual(errors, []);
});
