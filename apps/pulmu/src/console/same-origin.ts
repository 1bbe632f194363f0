import type { Context, Next } from "hono";

/**
 * What changes something is refused when a page of another origin sends it: browsers name the page's origin on every such request, and
 * what is no browser has no cookie to misuse. A body is JSON or nothing, which no plain form can send.
 */
export async function sameOrigin(context: Context, next: Next): Promise<Response | void> {
  const { method } = context.req;
  if (method === "GET" || method === "HEAD") return next();
  const origin = context.req.header("Origin");
  const isOwn = origin === undefined || origin === new URL(context.req.url).origin;
  const type = context.req.header("Content-Type");
  if (isOwn && (type === undefined || /^application\/json\b/i.test(type))) return next();
  return context.json({ error: { code: "api.origin", message: "another site's page may not ask for this" } }, 403);
}
