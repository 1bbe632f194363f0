import { type Gatekeeper, type Person, type Principal } from "@pulmu/govern";
import { PulmuError } from "@pulmu/units";
import { type Context, Hono } from "hono";
import type { House } from "./house.ts";
import { openApiDocument } from "./openapi.ts";
import type { Call, Operation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";

/** Bytes of a request's body at most: a page of usage records. */
const MAX_BODY = 1 << 20;

/** Who asks without a key. */
const NOBODY: Principal = { id: "nobody", grants: [] };

export interface AccountsApi {
  readonly house: House;
  readonly gatekeeper: Gatekeeper;
  /** Checks a person's ID token; undefined: people cannot sign in. */
  readonly verifyPerson?: ((token: string, nowMs: number) => Promise<Person>) | undefined;
}

/** HTTP status of an error, by its code. */
const STATUS: readonly (readonly [pattern: RegExp, status: 400 | 401 | 403 | 404 | 409 | 413 | 429 | 503])[] = [
  [/^(key|oidc\.token|api\.sign-in)/, 401],
  [/^(govern\.denied|tenant\.suspended)/, 403],
  [/\.unknown$/, 404],
  [/(\.exists|\.conflict|\.state|\.step|price\.past)$/, 409],
  [/^api\.too-large/, 413],
  [/^limit\.exceeded/, 429],
  [/^(store|oidc\.provider|job\.no-engine)/, 503],
];

/** The HTTP API of identity, usage, budgets, statements and journal. Every request carries a key or an ID token, but for what is public; `/openapi.json` tells the rest. */
export function createAccountsApi(api: AccountsApi): Hono {
  const app = new Hono();
  const document = openApiDocument(OPERATIONS);
  app.use(async (context, next) => {
    context.header("Cache-Control", "no-store");
    context.header("X-Content-Type-Options", "nosniff");
    await next();
  });
  app.get("/openapi.json", (context) => context.json(document));
  for (const operation of OPERATIONS) {
    const path = operation.path.replaceAll(/\{(\w+)(…)?\}/g, (_, name: string, rest?: string) =>
      rest === undefined ? `:${name}` : `:${name}{.+}`,
    );
    app.on(operation.method.toUpperCase(), path, async (context) => answer(context, operation, api));
  }
  app.notFound((context) =>
    context.json({ error: { code: "api.not-found", message: "no such address", hint: "openapi.json lists them" } }, 404),
  );
  app.onError((error, context) => {
    if (!(error instanceof PulmuError)) {
      process.stderr.write(`pulmu: defect while answering ${context.req.routePath}: ${error.stack}\n`);
      return context.json({ error: { code: "api.defect", message: "a defect of Pulmu; its log has the details" } }, 500);
    }
    const status = STATUS.find(([pattern]) => pattern.test(error.code))?.[1] ?? 400;
    if (status === 401) context.header("WWW-Authenticate", "Bearer");
    return context.json({ error: { code: error.code, message: error.message, problems: error.problems } }, status);
  });
  return app;
}

async function answer(context: Context, operation: Operation, api: AccountsApi): Promise<Response> {
  const isNobody = operation.isPublic === true && context.req.header("Authorization") === undefined;
  const by = isNobody ? NOBODY : await whoAsks(context, api);
  const call = {
    house: api.house,
    by,
    path: context.req.param() as Record<string, string>,
    query: operation.query === undefined ? {} : parse(operation.query, context.req.query(), "query"),
    body: operation.body === undefined ? undefined : parse(operation.body, await readBody(context), "body"),
  } as Call<never, never>;
  const result = await operation.run(call);
  const status = operation.status ?? 200;
  if (typeof operation.answer !== "string") return context.json(result as never, status);
  return context.body(result as string | Uint8Array<ArrayBuffer> | ReadableStream, status, { "Content-Type": operation.answer });
}

async function whoAsks(context: Context, { house, gatekeeper, verifyPerson }: AccountsApi): Promise<Principal> {
  const token = /^Bearer (\S+)$/.exec(context.req.header("Authorization") ?? "")?.[1];
  if (token === undefined)
    throw new PulmuError({ code: "api.sign-in", path: "Authorization", rule: "no key", hint: 'send "Authorization: Bearer pulmu_…"' });
  await gatekeeper.refresh();
  if (verifyPerson !== undefined && token.split(".").length === 3)
    return house.identity.principalOf(await verifyPerson(token, house.now()));
  return gatekeeper.authenticate(token, house.now());
}

async function readBody(context: Context): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of context.req.raw.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY)
      throw new PulmuError({
        code: "api.too-large",
        value: `over ${MAX_BODY} bytes`,
        rule: "the body is too large",
        hint: "send it in parts",
      });
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (error) {
    throw new PulmuError({ code: "api.json", path: "body", rule: `not JSON: ${(error as Error).message}` });
  }
}

function parse(schema: NonNullable<Operation["body"]>, value: unknown, place: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new PulmuError(
    parsed.error.issues.slice(0, 20).map((issue) => ({ code: "api.value", path: [place, ...issue.path].join("."), rule: issue.message })),
  );
}
