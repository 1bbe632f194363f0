import type { Slo } from "@pulmu/twin";
import { nearest, parseQuantity, PulmuError, type Problem } from "@pulmu/units";

const FIELDS = { ttft: "ttftS", itl: "itlS" } as const;
const EXAMPLE = "write --slo ttft=1s,itl=50ms";

/**
 * `ttft=1s,itl=50ms`: what 99 % of first tokens and of gaps between tokens must keep.
 * @throws PulmuError `slo.*` with every part that is wrong or missing
 */
export function parseSlo(text: string): Slo {
  const problems: Problem[] = [];
  const found = new Map<string, number>();
  for (const part of text.split(",")) {
    const [name, value] = part.split("=", 2).map((piece) => piece.trim());
    if (!(name in FIELDS)) {
      const near = nearest(name, Object.keys(FIELDS));
      const hint = near === undefined ? EXAMPLE : `is "${near}" meant?`;
      problems.push({ code: "slo.unknown", path: "--slo", value: part, rule: "an objective is ttft or itl", hint });
      continue;
    }
    try {
      const durationS = parseQuantity(value ?? "", "duration");
      if (durationS > 0) found.set(name, durationS);
      else problems.push({ code: "slo.not-positive", path: "--slo", value: part, rule: "an objective is longer than 0 s" });
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      problems.push(...error.problems.map((problem) => ({ ...problem, path: `--slo ${name}` })));
    }
  }
  if (problems.length === 0) {
    for (const name of Object.keys(FIELDS).filter((each) => !found.has(each))) {
      problems.push({ code: "slo.missing", path: "--slo", value: text, rule: `the objective for ${name} is missing`, hint: EXAMPLE });
    }
  }
  if (problems.length > 0) throw new PulmuError(problems);
  return { ttftS: found.get("ttft") as number, itlS: found.get("itl") as number };
}
