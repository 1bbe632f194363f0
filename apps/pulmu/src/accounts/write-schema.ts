/** `npm run schema -w apps/pulmu`: writes docs/schema/accounts.openapi.json, the API that `/api/v1/openapi.json` publishes, and job.schema.json. */
import { writeFileSync } from "node:fs";
import { jobJsonSchema } from "@pulmu/jobs";
import { openApiDocument } from "./openapi.ts";
import { OPERATIONS } from "./operations.ts";

writeFileSync(
  new URL("../../../../docs/schema/accounts.openapi.json", import.meta.url),
  `${JSON.stringify(openApiDocument(OPERATIONS), null, 2)}\n`,
);
writeFileSync(new URL("../../../../docs/schema/job.schema.json", import.meta.url), `${JSON.stringify(jobJsonSchema(), null, 2)}\n`);
