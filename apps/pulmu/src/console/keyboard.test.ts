import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { SYSTEM } from "@pulmu/govern";
import { openLive } from "../run/twin.ts";
import { openChromium } from "../testing/chromium.ts";
import { LivedInConsole, type Person } from "../testing/lived-in-console.ts";
import { CHECKOUT } from "../testing/run-pulmu.ts";

let world: LivedInConsole;
let operator: Person;
let hanbit: Person;

before(async () => {
  const { simulation } = await openLive(Date.UTC(2026, 0, 5), { site: join(CHECKOUT, "sites/lab.yaml"), synthetic: true });
  world = await LivedInConsole.open(simulation.atMs, simulation);
  operator = await world.somebody("desk", "operator");
  hanbit = await world.tenant("hanbit", "한빛전자");
  const pools = [{ sector: "industry" as const, gpus: 16, krwPerGpuH: 0 }];
  const call = { id: "spring", title: "Spring", opens: Date.UTC(2026, 0, 1), closes: Date.UTC(2026, 0, 10), grantsFrom: Date.UTC(2026, 1, 1), grantsUntil: Date.UTC(2026, 7, 1), pools, gpusPerServer: 8, capPerOrganisation: 16, youngCompanyDiscount: 0, regions: { bonus: 0, of: [] }, dataClasses: ["public" as const], reviewers: [operator.id], reviewsEach: 1, criteria: [{ id: "impact", weight: 1 }], passMark: 50, conditions: [], use: { every: 1_209_600, leastOfPlan: 50 } }; // prettier-ignore
  await (await world.house.allotments()).publish(SYSTEM, call);
});

after(() => world.close());

/**
 * Marks in the page what can be used, and tells of what has the focus: which of those it is, and whether one sees that it has it. Of a group
 * of choices the chosen one is the stop; arrows lead to the others.
 */
const WATCH = `
  window.usable = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")].filter((element) =>
    element.checkVisibility({ visibilityProperty: true }) && !element.disabled && !element.closest("[inert], [aria-hidden=true]") &&
    element.getAttribute("tabindex") !== "-1" && !element.matches("[role=radio][aria-checked=false]") && element.type !== "hidden");
  window.focused = () => {
    const element = document.activeElement;
    const shown = [element, ...element.parentElement ? [element.parentElement] : []].some((each) => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(each);
      return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 || boxShadow !== "none";
    });
    return { place: usable.indexOf(element), name: element.outerHTML.slice(0, 120), isShown: shown, isPage: element === document.body };
  };`;

interface Focused {
  readonly place: number;
  readonly name: string;
  readonly isShown: boolean;
  readonly isPage: boolean;
}
const focused = async (page: Page): Promise<Focused> => (await page.evaluate("focused()")) as Focused;

/** Steps through the page by Tab, from its first stop, the skip link, once around. */
async function walk(page: Page): Promise<{ readonly reached: ReadonlySet<number>; readonly unseen: readonly string[] }> {
  const reached = new Set<number>();
  const unseen: string[] = [];
  await page.locator(".skip").focus();
  reached.add((await focused(page)).place);
  const count = (await page.evaluate("usable.length")) as number;
  for (let step = 0; step < 3 * count; step++) {
    await page.keyboard.press("Tab");
    const { place, name, isShown, isPage } = await focused(page);
    if (isPage || place === 0) break;
    if (place >= 0) reached.add(place);
    if (!isShown) unseen.push(name);
  }
  return { reached, unseen };
}

for (const [path, tabs] of [
  ["/", 1],
  ["/grid", 1],
  ["/work", 1],
  ["/tokens", 6],
  ["/allotment", 1],
  ["/why", 1],
] as const)
  test(`by Tab alone everything on ${path} is reached, and what has the focus is seen to have it`, async (t) => {
    const browser = await openChromium(t);
    if (browser === undefined) return;
    const page = await world.window(browser, operator, { reducedMotion: "reduce" });
    for (let tab = 0; tab < tabs; tab++) {
      await page.goto(world.url + path);
      await page.locator("h1").waitFor();
      world.second();
      if (tabs > 1) await page.getByRole("tab").nth(tab).click();
      await page.locator(".skeleton").first().waitFor({ state: "detached" });
      await page.evaluate(WATCH);
      const { reached, unseen } = await walk(page);
      assert.deepEqual(unseen, []);
      const names = (await page.evaluate(
        "usable.map((element) => element.isConnected ? element.outerHTML.slice(0, 120) : '')",
      )) as string[];
      const missed = names.filter((name, place) => name !== "" && !reached.has(place));
      assert.deepEqual(missed, []);
    }
  });

test("by keyboard alone one applies: the dialogue keeps the focus while it is open and gives it back", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const page = await world.window(browser, hanbit);
  await page.goto(`${world.url}/allotment`);
  const apply = page.getByRole("region", { name: "Spring" }).getByRole("button", { name: "Apply" });
  await apply.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  const isInside = () => page.evaluate(`document.querySelector("[role=dialog]")?.contains(document.activeElement) === true`);
  for (let step = 0; step < 30; step++) {
    await page.keyboard.press(step % 10 === 9 ? "Shift+Tab" : "Tab");
    assert.equal(await isInside(), true, `after ${step + 1} steps`);
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal(await apply.evaluate((button) => button === button.ownerDocument.activeElement), true);

  await page.keyboard.press("Enter");
  await dialog.getByLabel("Organisation").focus();
  for (const text of ["한빛전자", "", "한국어 음성 모델"]) {
    await page.keyboard.insertText(text);
    await page.keyboard.press("Tab"); // organisation, sector (as it is), purpose
  }
  await dialog.getByLabel("Region").focus();
  await page.keyboard.insertText("Sejong");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await page.getByTestId("applications").getByText("한국어 음성 모델").waitFor();
  assert.equal(await apply.evaluate((button) => button === button.ownerDocument.activeElement), true);
});

test("by keyboard alone the tabs are changed, a limit is set, and the skip link leads past the rail", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const page = await world.window(browser, operator);
  await page.goto(`${world.url}/tokens`);
  await page.getByRole("tab", { name: "Usage" }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter"); // "Skip to content" is the first stop
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate("document.activeElement.getAttribute('role')"), "tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight"); // within the group of choices, then choose
  await page.keyboard.press("Space");
  await page.getByRole("radio", { name: "tenant", checked: true }).waitFor();
  await page.getByRole("tab", { name: "Usage" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.getByRole("tab", { name: "Rate limits", selected: true }).waitFor();
  const change = page.getByRole("row", { name: "Requests a minute" }).getByRole("button", { name: "Change" });
  await change.waitFor();
  for (let step = 0; step < 10 && !(await change.evaluate((button) => button === button.ownerDocument.activeElement)); step++)
    await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await page.getByRole("dialog").waitFor();
  await page.getByRole("dialog").getByRole("spinbutton").focus();
  await page.keyboard.type("1200");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("row", { name: /Requests a minute.*1,200/ }).waitFor(); // prettier-ignore
  assert.equal(await change.evaluate((button) => button === button.ownerDocument.activeElement), true);
});
