#!/usr/bin/env node
// The `pulmu` command. Plain JavaScript, because the Node that starts it may be too old to run TypeScript;
// it then hands over to the Node 24 that the checkout carries.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const app = dirname(dirname(fileURLToPath(import.meta.url)));
const main = join(app, "src", "main.ts");

if (Number(process.versions.node.split(".")[0]) >= 24) {
  await import(pathToFileURL(main).href);
} else {
  const node = join(app, "..", "..", "node_modules", ".bin", "node");
  if (!existsSync(node)) {
    process.stderr.write(`pulmu: needs Node 24 or newer, found ${process.versions.node}; run \`npm ci\` in the checkout first.\n`);
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  // On Ctrl-C the terminal signals the child too: it takes two signals within a second for one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 143);
  });
}
