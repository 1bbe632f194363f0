import { enableCompileCache } from "node:module";

// Compiled modules are kept between runs: a warm start takes a third of a cold one's time.
enableCompileCache();

// A reader that has seen enough (`pulmu … | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const { runCli } = await import("./cli.ts");
process.exitCode = await runCli(process.argv.slice(2));
