/** `npm run bench -- exchange`: what the bus costs. */
import { benchChecker, benchContracts } from "./exchange/check.ts";

export async function run(): Promise<void> {
  benchContracts();
  await benchChecker();
}
