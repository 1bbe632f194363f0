import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { SYSTEM } from "@pulmu/govern";
import { setLimit } from "@pulmu/ledger";
import { openLive } from "../run/twin.ts";
import { openChromium } from "../testing/chromium.ts";
import { LivedInConsole, type Person } from "../testing/lived-in-console.ts";
import { CHECKOUT } from "../testing/run-pulmu.ts";

// Every page and every tab, as those see it who are signed in: with what only they see, and the buttons that only they have.

const AXE = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const PAGES = ["/", "/grid", "/work", "/tokens", "/allotment", "/why"] as const;
const WIDTHS = [1280, 390] as const;

let world: LivedInConsole;
const people: Record<"operator" | "tenant-admin" | "auditor", Person> = {} as never;

before(async () => {
  const site = join(CHECKOUT, "sites/lab.yaml");
  const { simulation } = await openLive(Date.UTC(2026, 0, 5), { site, synthetic: true });
  world = await LivedInConsole.open(simulation.atMs, simulation);
  people.operator = await world.somebody("desk", "operator");
  people.auditor = await world.somebody("audit", "auditor");
  people["tenant-admin"] = await world.tenant("hanbit", "한빛전자");
  await fill(world, people["tenant-admin"]);
});

after(() => world.close());

/** Something in every list. */
async function fill({ house }: LivedInConsole, reviewer: Person): Promise<void> {
  const atMs = Date.now() - 1_000;
  const who = { tenantId: "hanbit", projectId: "hanbit/lab" };
  const meters = {
    requests: 3,
    promptTokens: 8_000,
    outputTokens: 4_000,
    gpuMilliS: 900,
    itMilliJ: 4e6,
    facilityMilliJ: 5e6,
    carbonMilliG: 70,
  };
  await (await house.ledger()).record({ id: "r1", kind: "request", atMs, ...who, keyId: "k1", modelId: "llama-3.1-70b", acceleratorId: "gb300", meters }); // prettier-ignore
  for (const [meter, most] of [["requests", 2], ["tokens", 1_000_000]] as const)
    await setLimit(house.store, house.calendar, { tenantId: "hanbit", scope: "tenant", scopeId: "hanbit", modelId: "", meter, window: "day", most }, "system", atMs); // prettier-ignore
  const allotments = await house.allotments();
  const pools = [{ sector: "industry", gpus: 16, krwPerGpuH: 1_000 }] as const;
  const call = { id: "spring", title: "봄", opens: Date.UTC(2026, 0, 1), closes: Date.UTC(2026, 0, 10), grantsFrom: Date.UTC(2026, 1, 1), grantsUntil: Date.UTC(2026, 7, 1), pools: [...pools], gpusPerServer: 8, capPerOrganisation: 16, youngCompanyDiscount: 50, regions: { bonus: 0, of: [] }, dataClasses: ["public" as const], reviewers: [reviewer.id], reviewsEach: 1, criteria: [{ id: "impact", weight: 1 }], passMark: 50, conditions: ["A report"], use: { every: 1_209_600, leastOfPlan: 50 } }; // prettier-ignore
  await allotments.publish(SYSTEM, call);
  const form = { callId: "spring", tenantId: "hanbit", organisation: "한빛전자", sector: "industry", young: false, region: "Sejong", purpose: "x", gpus: 16, leastGpus: 8, fromMs: call.grantsFrom, untilMs: call.grantsUntil, dataClass: "public", plannedUse: 80 } as const; // prettier-ignore
  await allotments.apply(SYSTEM, form);
}

const inPage = async <T>(page: Page, expression: string): Promise<T> => (await page.evaluate(expression)) as T;

/** A fault that is gone at the next look was a page on its way: it takes a moment to find its new size. */
const LOOKS = 5;

async function standingFaults(page: Page, place: string, rules: "all" | "contrast"): Promise<string[]> {
  let found: string[] = [];
  for (let look = 0; look < LOOKS; look++) {
    found = await faults(page, place, rules);
    if (found.length === 0) break;
  }
  return found;
}

/** What axe holds against the page as it is, of what is serious: by all rules, or by contrast alone. */
async function faults(page: Page, place: string, rules: "all" | "contrast"): Promise<string[]> {
  const only = rules === "all" ? "" : `, runOnly: { type: "rule", values: ["color-contrast"] }`;
  const found = await inPage<{ id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]>(
    page,
    `axe.run({ resultTypes: ["violations"]${only} }).then(({ violations }) => violations)`,
  );
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${place}: ${id}: ${nodes[0].html.slice(0, 160)} ${nodes[0].failureSummary}`);
}

for (const role of ["operator", "tenant-admin", "auditor"] as const)
  test(`no page that the ${role} sees has a serious fault of accessibility, dark or light, or scrolls sideways, at 1280 px or on a phone`, async (t) => {
    const browser = await openChromium(t);
    if (browser === undefined) return;
    const page = await world.window(browser, people[role], { colorScheme: "dark", bypassCSP: true });
    await page.addInitScript(AXE);
    const beat = setInterval(() => world.second(), 500);
    t.after(() => clearInterval(beat));
    const other = page.getByRole("button", { name: "Light or dark" });
    const found: string[] = [];
    for (const path of PAGES) {
      await page.setViewportSize({ width: 1280, height: 844 });
      await page.goto(world.url + path);
      await page.locator("h1").waitFor();
      const tabs = await page.getByRole("tab").count();
      for (let tab = 0; tab < Math.max(1, tabs); tab++) {
        if (tabs > 0) await page.getByRole("tab").nth(tab).click();
        await page.locator(".skeleton").first().waitFor({ state: "detached" });
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 844 });
          const place = `${path} ${tab} at ${width} px`;
          found.push(...(await standingFaults(page, place, "all")));
          if (role === "operator" || width === WIDTHS[0]) {
            await other.click();
            found.push(...(await standingFaults(page, `${place}, light`, "contrast")));
            await other.click();
          }
          const sideways = await inPage<number>(page, "document.documentElement.scrollWidth - document.documentElement.clientWidth");
          if (sideways > 0) found.push(`${place}: scrolls sideways by ${sideways} px`);
        }
      }
    }
    assert.deepEqual(found, []);
  });
