import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { TestContext } from "node:test";
import { chromium, type Browser } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Nothing that a browser does on its own may look like a request of the page under test. */
const QUIET = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * A browser for one test, closed when the test ends. Where there is none, the test is skipped with a line that says how to get one;
 * under CI=true it is installed from Debian's packages instead, and the test fails if that does not work.
 */
export async function openChromium(t: TestContext): Promise<Browser | undefined> {
  const executablePath = findChromium() ?? (process.env.CI === "true" ? installChromium() : undefined);
  if (executablePath === undefined) {
    t.skip("no Chromium here: apt-get install chromium");
    return undefined;
  }
  const root = process.getuid?.() === 0;
  const browser = await chromium.launch({ executablePath, args: root ? [...QUIET, "--no-sandbox"] : QUIET });
  t.after(() => browser.close());
  return browser;
}

function findChromium(): string | undefined {
  return PLACES.find((path) => existsSync(path));
}

function installChromium(): string {
  const steps = [["update"], ["install", "--yes", "--no-install-recommends", "chromium"]];
  for (const step of steps) {
    const { status, stderr, error } = spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=300", ...step], {
      encoding: "utf8",
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
    if (status !== 0) throw new Error(`under CI a browser is needed, and apt-get ${step[0]} failed: ${error?.message ?? stderr}`);
  }
  const path = findChromium();
  if (path === undefined) throw new Error(`apt-get installed chromium, but it is in none of ${PLACES.join(", ")}`);
  return path;
}
