import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveFactory } from "../live/factory.ts";
import { openChromium } from "../testing/chromium.ts";
import { createFakeSimulation } from "../testing/fake-simulation.ts";
import { createFactoryServer } from "./app.ts";
import { listen } from "./listen.ts";

test("the start page shows live numbers in a browser, within its own policy", async (context) => {
  const browser = await openChromium(context);
  if (browser === undefined) return;
  const factory = new LiveFactory(createFakeSimulation(), { workloadSource: "made <b>up</b>", speed: 1 });
  factory.advance(60);
  const server = createFactoryServer(factory);
  const { url, close } = await listen(server.app, "127.0.0.1", 0);
  context.after(async () => {
    server.events.close();
    await close();
  });

  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(url);
  await page.locator("#power", { hasText: "1.39 MW" }).waitFor();
  assert.equal(await page.locator("#tokens").textContent(), "63K /s");
  assert.equal(await page.locator("#source").textContent(), "made <b>up</b>", "text is text");

  factory.advance(30); // half a sway later
  server.events.sendState();
  await page.locator("#power", { hasText: "1.25 MW" }).waitFor();
  assert.deepEqual(complaints, []);
});
