// Writes batches of rows without end, from several callers at once, and says after each acknowledged batch which it was. For the power-cut tests.
import { writeSync } from "node:fs";
import { migrate } from "../storage/migrate.ts";
import { openStore } from "../storage/open.ts";

const store = await openStore(process.argv[2]);
await migrate(store, "test", [{ name: "rows", statements: ["create table rows (id text primary key, n bigint not null)"] }]);
writeSync(1, "ready\n");
for (let n = 0; ; n++) {
  const ids = Array.from({ length: 1 + (n % 7) }, (_, i) => `${n}-${i}-${"x".repeat(150)}`);
  await store.insertMany({ table: "rows", columns: [{ name: "id", type: "text" }, { name: "n", type: "bigint" }], key: "id" }, ids.map((id) => [id, n])); // prettier-ignore
  writeSync(1, `${n}\n`);
}
