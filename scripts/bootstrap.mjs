// Makes a checkout ready to run: plain JavaScript, because it runs on whatever Node the machine has (20 or newer).
//
// It installs the dependencies when they are missing or when package-lock.json changed since the last complete install,
// and makes sure that a Node 24 exists: the npm package `node-<os>-<cpu>` where there is one, the system's own elsewhere.
// With `console` it also builds the operators' pages, when they are absent or stale.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "node_modules", ".pulmu-installed");
const lock = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");

/** True when the last complete install was of this very lock file. */
const installed = () => existsSync(stamp) && readFileSync(stamp, "utf8") === lock;

if (!installed()) {
  process.stderr.write("pulmu: installing dependencies (once; about ten seconds) …\n");
  // shell only on Windows, where npm is a .cmd file; the arguments are constants.
  const run = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (run.status !== 0) {
    process.stderr.write(`pulmu: \`npm ci\` failed (exit ${run.status ?? run.signal}); see the lines above.\n`);
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}

const bundled = join(root, "node_modules", ".bin", process.platform === "win32" ? "node.cmd" : "node");
const major = Number(process.versions.node.split(".")[0]);
if (!existsSync(bundled) && major < 24) {
  process.stderr.write(
    `pulmu: needs Node 24 or newer, found ${process.versions.node} on ${process.platform}-${process.arch}, ` +
      "and npm brought none along: install Node 24 from nodejs.org and try again.\n",
  );
  process.exit(1);
}

if (process.argv.includes("console")) {
  const { buildConsole } = await import("./build-console.mjs"); // its libraries are there only now
  if (!buildConsole(existsSync(bundled) ? bundled : process.execPath)) {
    process.stderr.write("pulmu: the console could not be built; see the lines above. The factory runs without it.\n");
  }
}
