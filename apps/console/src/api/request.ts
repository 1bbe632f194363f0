/** Longest wait for an answer, ms: a slow API is an error that says so, not a page that hangs. */
const PATIENCE_MS = 15_000;

/** What the API refused, in its own words; `status` 0: it could not be reached, or did not answer in time. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(status: number, code: string, message: string, hint?: string) {
    super(message);
    this.name = "ApiFailure";
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

/** Asks the API. @throws ApiFailure */
export async function ask<T>(
  path: string,
  options: { readonly method?: string; readonly body?: unknown; readonly signal?: AbortSignal } = {},
): Promise<T> {
  const { method = "GET", body, signal } = options;
  const deadline = AbortSignal.timeout(PATIENCE_MS);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiFailure(
      0,
      deadline.aborted ? "console.slow" : "console.unreachable",
      deadline.aborted ? "no answer in time" : "cannot be reached",
    );
  }
  if (!response.ok) throw await failureOf(response);
  if ((response.headers.get("Content-Type") ?? "").includes("json")) return (await response.json()) as T;
  return (await response.text()) as T;
}

/** The API's `{"error": {code, message, hint}}`, the gateway's included; anything else by its status. */
export async function failureOf(response: Response): Promise<ApiFailure> {
  const body = (await response.json().catch(() => undefined)) as
    | { error?: Partial<Record<"code" | "message" | "hint", unknown>> }
    | undefined;
  const { code, message, hint } = body?.error ?? {};
  return new ApiFailure(
    response.status,
    typeof code === "string" ? code : `http.${response.status}`,
    typeof message === "string" ? message : `${response.status} ${response.statusText}`,
    typeof hint === "string" ? hint : undefined,
  );
}
