import { type Command, InvalidArgumentError } from "commander";
import { on, type Registry } from "../accounts/register.ts";

/** Adds `pulmu allot`. */
export function addAllotment(program: Command, { finish, addExamples }: Registry): void {
  const load = () => import("./allotment.ts");
  const loadReview = () => import("./review.ts");
  const allot = program
    .command("allot")
    .summary("GPUs by call, application, review and grant")
    .description("Allots GPUs as a public programme does: call, application, scored review, grant, use held against the plan, report.");
  on(allot, "publish <file>", "publish a call from a YAML file; from then on its terms stand").action(async (file, options) =>
    finish(await (await load()).publishCall(file, options)),
  );
  on(allot, "list [call]", "list calls, or the applications and grants of one").action(async (call, options) =>
    finish(await (await load()).listCall(call, options)),
  );
  on(allot, "apply <file>", "apply: a YAML file with organisation, purpose, gpus, from, until …").action(async (file, options) =>
    finish(await (await load()).applyFrom(file, options)),
  );
  on(allot, "withdraw <application>", "withdraw an application").action(async (id, options) =>
    finish(await (await load()).withdraw(number(id), options)),
  );
  on(allot, "exclude <application>", "leave an application out, for a reason that no rule can see")
    .requiredOption("--reason <text>", "why")
    .action(async (id, options) => finish(await (await load()).exclude(number(id), options)));
  on(allot, "close <call>", "end the time of applications, begin that of reviews").action(async (call, options) =>
    finish(await (await load()).closeCall(call, options)),
  );
  on(allot, "review <application>", "judge an application, as a reviewer that the call names")
    .option("--points <list>", "of 100, by criterion: impact=80,ecosystem=65")
    .option("--conflict <text>", "why you may not judge it", "")
    .option("--comment <text>", "for the file", "")
    .action(async (id, options) => finish(await (await loadReview()).review(number(id), options)));
  on(allot, "reviews <call>", "list reviews and conflicts of interest").action(async (call, options) =>
    finish(await (await loadReview()).listReviews(call, options)),
  );
  on(allot, "decide <call>", "offer grants to the best").action(async (call, options) =>
    finish(await (await load()).decideCall(call, options)),
  );
  on(allot, "accept <grant>", "take a grant with its conditions").action(async (id, options) =>
    finish(await (await load()).answerGrant(number(id), true, options)),
  );
  on(allot, "decline <grant>", "decline a grant; the next one gets it").action(async (id, options) =>
    finish(await (await load()).answerGrant(number(id), false, options)),
  );
  on(allot, "monitor <call>", "hold use against the plan, by the ledger: warn, take back, grant to the next").action(
    async (call, options) => finish(await (await load()).monitorCall(call, options)),
  );
  on(allot, "reclaim <grant>", "take a grant back at once; the next one gets it")
    .requiredOption("--reason <text>", "why")
    .action(async (id, options) => finish(await (await load()).reclaimGrant(number(id), options)));
  on(allot, "report <call>", "print what became of a call: for everybody").action(async (call, options) =>
    finish(await (await load()).showReport(call, options)),
  );
  addExamples(allot, [
    ["pulmu allot publish calls/national.yaml", "a call in the manner of Korea's national programme"],
    ["pulmu allot review 7 --points impact=80,ecosystem=65,feasibility=90", "as a reviewer that the call names"],
    ["pulmu allot review 8 --conflict 'advised the thesis'", "on record; no points count"],
    ["pulmu allot report national-2027-1 --json", "for the public"],
  ]);
}

function number(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It is a whole number.");
  return Number(text);
}
