/** `npm run bench -- <room>`: runs `bench/<room>.ts`, which measures and prints. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const [room, ...options] = process.argv.slice(2);
const rooms = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && file !== "run.ts")
  .map((file) => file.slice(0, -3));
if (room === undefined || !existsSync(join(import.meta.dirname, `${room}.ts`)) || !rooms.includes(room)) {
  process.stderr.write(`usage: npm run bench -- ${rooms.join("|")}\n`);
  process.exit(2);
}
const bench = (await import(`./${room}.ts`)) as { run(options: readonly string[]): Promise<void> };
await bench.run(options);
