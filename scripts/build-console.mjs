// Builds the operators' pages when they are absent, or older than what they are made of. Plain JavaScript, like bootstrap.mjs, which calls it.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "apps", "console");
const built = join(folder, "dist");
const stamp = join(built, ".built");

/** What the pages are made of: their sources and the libraries' versions. Milliseconds to read. */
function sources() {
  const hash = createHash("sha256").update(readFileSync(join(root, "package-lock.json")));
  const files = readdirSync(join(folder, "src"), { recursive: true })
    .map((name) => join("src", name))
    .filter((name) => !name.includes(".test.") && statSync(join(folder, name)).isFile())
    .toSorted();
  for (const name of ["index.html", "vite.config.ts", ...files]) hash.update(`\0${name}\0`).update(readFileSync(join(folder, name)));
  return hash.digest("hex");
}

/** @param {string} node the Node to build with @returns {boolean} false when the build failed; its output says why */
export function buildConsole(node = process.execPath) {
  const wanted = sources();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return true;
  process.stderr.write("pulmu: building the console (once; a few seconds) …\n");
  // Beside the old one, and put in its place at once: whoever serves it meanwhile never sees half of it.
  const fresh = join(folder, `dist-${process.pid}`);
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  const run = spawnSync(node, [vite, "build", "--outDir", fresh, "--emptyOutDir", "--logLevel", "warn"], {
    cwd: folder,
    stdio: ["ignore", 2, 2],
  });
  if (run.status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    return false;
  }
  writeFileSync(join(fresh, ".built"), wanted);
  rmSync(built, { recursive: true, force: true });
  renameSync(fresh, built);
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit(buildConsole() ? 0 : 1);
