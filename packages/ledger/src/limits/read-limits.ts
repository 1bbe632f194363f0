import type { Reader, Row } from "@pulmu/journal";
import type { Limit } from "./limit.ts";

const limitOf = (row: Row): Limit => ({
  id: row["id"] as string,
  tenantId: row["tenant_id"] as string,
  scope: row["scope"] as Limit["scope"],
  scopeId: row["scope_id"] as string,
  modelId: row["model_id"] as string,
  meter: row["meter"] as Limit["meter"],
  window: row["span"] as Limit["window"],
  most: BigInt(row["most"] as number | bigint),
  createdMs: row["created_ms"] as number,
});

export async function readLimits(reader: Reader): Promise<Limit[]> {
  return (await reader.query("select * from usage_limits order by id")).map(limitOf);
}
