/** `npm run schema -w packages/twin`: writes docs/schema/scenario.schema.json, which scenario files name in their first line. */
import { writeFileSync } from "node:fs";
import { scenarioJsonSchema } from "./schema.ts";

writeFileSync(
  new URL("../../../../docs/schema/scenario.schema.json", import.meta.url),
  `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`,
);
