import assert from "node:assert/strict";
import { before, test } from "node:test";
import { builtConsole } from "../testing/built-console.ts";
import { createFakeSimulation } from "../testing/fake-simulation.ts";
import { showConsole as show } from "../testing/show-console.ts";

before(() => void builtConsole());

test("turned back, every number is of that minute, and the page says which", async (t) => {
  const shown = await show(t);
  if (shown === undefined) return;
  const { page, url } = shown;
  await page.goto(url);
  await page.getByRole("button", { name: "A minute earlier" }).click();
  await page.getByText(/^This is 4 Aug 2027.* 09:0[34], not now/).waitFor();
  await page.locator(".badge", { hasText: "Past" }).waitFor();
  await page.getByTestId("site-power").filter({ hasText: "1.39 MW" }).waitFor(); // whole minutes are at the sway's top
  await page.getByRole("button", { name: "Back to now" }).click();
  await page.getByText("Live", { exact: true }).waitFor();
});

test("turned back, every view follows: whose work a rack did and how fast, what had happened, what each work was told", async (t) => {
  const simulation = createFakeSimulation();
  const worksBy = (id: string) => [
    { id, workloadId: id, tenantId: "agents", serviceClass: "standard", gang: false, pieces: [{ rack: 0, gpus: 72 }] },
  ];
  Object.assign(simulation, { placements: () => worksBy(simulation.atS < 200 ? "nemotron-tune" : "agents-chat") });
  const step = simulation.step.bind(simulation);
  Object.assign(simulation, {
    step: () => {
      step();
      simulation.rackSpeed[0] = simulation.atS < 200 ? 0.5 : 1;
    },
  });
  const shown = await show(t, {}, simulation);
  if (shown === undefined) return;
  const { page, url, second } = shown;
  await page.goto(`${url}/?rack=h1/r01/01`);
  const drill = page.locator(".drill");
  await drill.getByText("agents-chat · agents").waitFor();
  await page.getByText("GPU fault number 5").waitFor();
  second();
  for (let minute = 0; minute < 3; minute++) await page.getByRole("button", { name: "A minute earlier" }).click();
  await drill.getByText("nemotron-tune · agents").waitFor();
  await drill.getByText("50%", { exact: true }).waitFor();
  await page.getByText("GPU fault number 2").waitFor();
  assert.equal(await page.getByText("GPU fault number 4").count(), 0);
  await page.getByRole("radio", { name: "Health" }).click();
  await page.locator(".legend li", { hasText: "Slowed" }).getByText("1", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Work" }).click();
  await page.getByTestId("jobs").locator("tr", { hasText: "nemotron-tune" }).getByText("50% speed").waitFor();
  await page.getByRole("link", { name: "Tokens" }).click();
  await page.getByText("Accounts and allotments are shown as they are now.").waitFor();
});
