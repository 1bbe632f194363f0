/** What OpenAI calls the kinds of its errors. */
export type ErrorType =
  | "invalid_request_error"
  | "authentication_error"
  | "permission_error"
  | "not_found_error"
  | "rate_limit_error"
  | "insufficient_quota"
  | "server_error";

export interface RefusalDetails {
  readonly status: number;
  readonly type: ErrorType;
  /** Stable machine name: `invalid_api_key`, `model_not_found`. */
  readonly code: string | null;
  /** The field that is wrong, as a path: `messages[2].role`. */
  readonly param?: string;
  /** Seconds after which it makes sense to ask again. */
  readonly retryAfterS?: number;
  /** Trace of what made it so: the grid's message. */
  readonly because?: string | undefined;
  /** False: asking again cannot help, and official clients do not (`x-should-retry`). */
  readonly retry?: boolean;
}

/** A request that is answered with an error: who asked is told what is wrong, in the shape of OpenAI's API. */
export class Refusal extends Error {
  readonly details: RefusalDetails;

  constructor(message: string, details: RefusalDetails) {
    super(message);
    this.name = "Refusal";
    this.details = details;
  }
}

/** A 400 that names the field. */
export function invalid(param: string | undefined, message: string, code: string | null = "invalid_value"): Refusal {
  return new Refusal(message, { status: 400, type: "invalid_request_error", code, ...(param === undefined ? {} : { param }) });
}

/** `{"error": {"message", "type", "param", "code"}}`: what OpenAI's clients read. */
export function openAiError({ message, details }: Refusal): { readonly error: object } {
  return { error: { message, type: details.type, param: details.param ?? null, code: details.code } };
}
