/** Longest wait for an answer, ms: a slow API is an error that says so, not a page that hangs. */
const PATIENCE_MS = 15_000;

/** One thing that is wrong with what was sent, and where in it. */
export interface ApiProblem {
  readonly code: string;
  readonly path?: string;
  /** Of a file, from 1. */
  readonly line?: number;
  readonly rule: string;
  readonly hint?: string;
}

/** What the API refused, in its own words; `status` 0: it could not be reached, or did not answer in time. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  /** All that was wrong, where the API says it one by one. */
  readonly problems: readonly ApiProblem[];

  constructor(status: number, code: string, message: string, hint?: string, problems: readonly ApiProblem[] = []) {
    super(message);
    this.name = "ApiFailure";
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.problems = problems;
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

/** The API's `{"error": {code, message, hint, problems}}`, the gateway's included; anything else by its status. */
export async function failureOf(response: Response): Promise<ApiFailure> {
  const body = (await response.json().catch(() => undefined)) as
    | { error?: Partial<Record<"code" | "message" | "hint" | "problems", unknown>> }
    | undefined;
  const { code, message, hint, problems } = body?.error ?? {};
  return new ApiFailure(
    response.status,
    typeof code === "string" ? code : `http.${response.status}`,
    typeof message === "string" ? message : `${response.status} ${response.statusText}`,
    typeof hint === "string" ? hint : undefined,
    Array.isArray(problems) ? (problems as ApiProblem[]) : [],
  );
}
