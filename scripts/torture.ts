/** `npm run torture -- <room> [--rounds N]`: runs `torture/<room>.ts`, which breaks things at random and checks what must hold. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";

const folder = join(dirname(import.meta.dirname), "torture");
const rooms = existsSync(folder) ? readdirSync(folder).flatMap((file) => (file.endsWith(".ts") ? [file.slice(0, -3)] : [])) : [];
const [room, ...options] = process.argv.slice(2);
if (room === undefined || !rooms.includes(room)) {
  process.stderr.write(`usage: npm run torture -- ${rooms.join("|")} [--rounds N] [--seed N]\n`);
  process.exit(2);
}
const { values } = parseArgs({
  args: options,
  options: { rounds: { type: "string" }, seed: { type: "string", default: "1" }, seeds: { type: "string" } },
});
const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
const torture = (await import(`../torture/${room}.ts`)) as {
  /** True when everything held. */
  run(options: { readonly rounds: number | undefined; readonly seed: number; readonly seeds: number | undefined }): Promise<boolean>;
};
const held = await torture.run({ rounds: number(values.rounds), seed: Number(values.seed), seeds: number(values.seeds) });
process.stdout.write(held ? "everything held\n" : "SOMETHING DID NOT HOLD: see the lines above\n");
process.exitCode = held ? 0 : 1;
