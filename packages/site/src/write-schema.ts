/** `npm run schema -w packages/site`: writes docs/schema/site.schema.json, which site files name in their first line. */
import { writeFileSync } from "node:fs";
import { siteJsonSchema } from "./schema.ts";

writeFileSync(new URL("../../../docs/schema/site.schema.json", import.meta.url), `${JSON.stringify(siteJsonSchema(), null, 2)}\n`);
