import { PulmuError } from "@pulmu/units";

/** What an engine's failure means for what was asked of it. */
export type EngineProblem = "refused" | "unclear" | "away" | "token" | "version";

const HINTS: Readonly<Record<EngineProblem, string>> = {
  refused: "nothing was handed over",
  unclear: "it is looked up before anything is sent again",
  away: "it is tried again; running jobs go on",
  token: "make a new one, such as with scontrol token, and put it where the engine's token is read from",
  version: "upgrade one of the two",
};

export function engineError(problem: EngineProblem, engine: string, rule: string, hint: string | undefined = HINTS[problem]): PulmuError {
  return new PulmuError({ code: `engine.${problem}`, path: engine, rule, hint });
}

export function isEngineProblem(error: unknown, problem: EngineProblem): boolean {
  return error instanceof PulmuError && error.code === `engine.${problem}`;
}
