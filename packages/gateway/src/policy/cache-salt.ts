import { hash } from "node:crypto";

/**
 * What an engine keeps its memory of prompts apart by: another for each tenant, whatever the caller asks for, so that nobody can tell by
 * an answer's speed what another tenant has asked. Within a tenant the caller's own salt counts.
 */
export function cacheSalt(tenantId: string, wished: unknown): string {
  return hash("sha256", JSON.stringify([tenantId, typeof wished === "string" ? wished : ""]), "base64url");
}
