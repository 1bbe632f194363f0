/** `npm run schema -w apps/pulmu`: writes docs/schema/accounts.openapi.json, the API that `/api/v1/openapi.json` publishes. */
import { writeFileSync } from "node:fs";
import { openApiDocument } from "./openapi.ts";
import { OPERATIONS } from "./operations.ts";

writeFileSync(
  new URL("../../../../docs/schema/accounts.openapi.json", import.meta.url),
  `${JSON.stringify(openApiDocument(OPERATIONS), null, 2)}\n`,
);
