import type { Context } from "hono";

/** What the API answers when it refuses: never more of the question than the parameter's name. */
export interface ApiProblem {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export type ErrorStatus = 400 | 404 | 405 | 414 | 500 | 503;

/** Thrown by the readers of parameters, answered as JSON. */
export class ApiError extends Error {
  readonly status: ErrorStatus;
  readonly problem: ApiProblem;

  constructor(status: ErrorStatus, problem: ApiProblem) {
    super(problem.message);
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
  }
}

export function answerProblem(context: Context, status: ErrorStatus, problem: ApiProblem): Response {
  return context.json({ error: problem }, status);
}
