import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, extname, join, resolve } from "node:path";
import { EnergyMeter, LLAMA_PACKAGE, LlamaEngine, LlamaServer, loadLlama, processorCounter } from "@pulmu/gateway";
import { PulmuError } from "@pulmu/units";
import { EXIT, type ExitCode } from "../../exit.ts";
import { listenProblem } from "../../server/listen.ts";
import { catchStop } from "../../stop-signal.ts";

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly name?: string;
  readonly context?: number;
  readonly slots: number;
  readonly threads?: number;
  readonly gpu?: boolean;
  readonly install?: boolean;
  readonly json?: boolean;
}

/** Where llama.cpp is installed: beside the accounts, not among this program's own packages, which stay as they were tested. */
const LLAMA_FOLDER = ".pulmu/llama";

/**
 * `pulmu serve model.gguf`: answers OpenAI's API with a real model on this machine, by llama.cpp, until Ctrl-C: an upstream for a gateway.
 * @throws PulmuError `llama.*`, `server.*`
 */
export async function serve(file: string | undefined, options: ServeOptions): Promise<ExitCode> {
  const { host, port, slots, json } = options;
  if (options.install === true) install(resolve(LLAMA_FOLDER));
  if (file === undefined) {
    if (options.install === true) return EXIT.ok;
    throw new PulmuError({ code: "llama.model", path: "model.gguf", rule: "which model? Give a GGUF file" });
  }
  const library = await loadLlama(resolve(LLAMA_FOLDER));
  const stop = catchStop();
  const threads = options.threads ?? Math.max(1, Math.floor(availableParallelism() / 2));
  const engine = await LlamaEngine.open(library, { file, contextTokens: options.context, slots, threads, gpu: options.gpu === true });
  try {
    const modelId = options.name ?? basename(file, extname(file));
    const onDefect = (error: unknown) => process.stderr.write(`pulmu: ${error instanceof Error ? error.stack : String(error)}\n`);
    const counter = processorCounter();
    const meter = counter && new EnergyMeter(counter);
    const server = new LlamaServer(engine, { modelId, meter, now: () => Date.now(), onDefect });
    const address = await server.listen(host, port).catch((error: NodeJS.ErrnoException) => {
      throw new PulmuError(listenProblem(error, host, port, "--port"));
    });
    const url = `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}/v1`;
    const { contextTokens, name } = engine;
    if (json === true)
      process.stdout.write(`${JSON.stringify({ serving: url, model: modelId, contextTokens, slots, metered: meter !== undefined })}\n`);
    else
      process.stdout.write(
        `Serving ${modelId}${name === "" ? "" : ` (${name})`} at ${url}: ${slots} at a time, ${contextTokens} tokens each. It asks for no key${meter === undefined ? "" : ", and meters its processors"}.\n` +
          `Next: pulmu deploy add ${modelId} --url ${url} --engine pulmu\n`,
      );
    await stop.wait;
    await server.close();
  } finally {
    await engine.close();
  }
  return EXIT.ok;
}

/** llama.cpp's ready-made binaries, as their packages are called; CPU alone, but for Apple's Metal. */
const BINARIES: Readonly<Record<string, string>> = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "darwin-arm64": "mac-arm64-metal",
  "darwin-x64": "mac-x64",
  "win32-x64": "win-x64",
  "win32-arm64": "win-arm64",
};

/** Installs the library and this machine's binary, and runs no script of theirs: what they would compile is there already. */
function install(folder: string): void {
  const { name, version } = LLAMA_PACKAGE;
  const binary = BINARIES[`${process.platform}-${process.arch}`];
  if (binary === undefined)
    throw new PulmuError({
      code: "llama.platform",
      value: `${process.platform}-${process.arch}`,
      rule: "there is no ready-made llama.cpp for it",
    });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  process.stderr.write(`pulmu: installing ${name} ${version} into ${folder} (once; 85 MB) …\n`);
  const flags = ["--ignore-scripts", "--omit=optional", "--save-exact", "--no-audit", "--no-fund", "--loglevel=error"];
  const packages = [`${name}@${version}`, `@node-llama-cpp/${binary}@${version}`];
  // shell only on Windows, where npm is a .cmd file; the arguments are constants.
  const run = spawnSync("npm", ["install", ...flags, ...packages], {
    cwd: folder,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (run.status !== 0)
    throw new PulmuError({
      code: "llama.install",
      value: String(run.status ?? run.signal),
      rule: "npm could not install it; see the lines above",
    });
}
