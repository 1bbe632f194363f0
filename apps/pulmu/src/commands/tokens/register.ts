import type { Command } from "commander";
import type { Registry } from "../accounts/register.ts";

const DEFAULT_URL = "http://127.0.0.1:8118/v1";

/** Adds `pulmu models` and `pulmu chat`: the door for tokens from the terminal. */
export function addTokens(program: Command, { finish, addExamples }: Registry): void {
  const command = (usage: string, summary: string) =>
    program
      .command(usage)
      .summary(summary)
      .description(`${summary[0].toUpperCase()}${summary.slice(1)}.`)
      .option("--url <address>", "of the door for tokens", DEFAULT_URL)
      .option("--key <key>", "key (default: $PULMU_API_KEY, else .pulmu/admin-key)");
  const models = command("models", "list the models that can be asked, and where they answer")
    .option("--json", "print as JSON")
    .action(async (options) => finish(await (await import("./models.ts")).models(options)));
  addExamples(models, [["pulmu models", "what the running factory serves"]]);
  const chat = command("chat [question...]", "ask a model; each answer says its tokens, joules and carbon")
    .option("--model <id>", "which model (default: the first)")
    .action(async (words, options) => finish(await (await import("./chat.ts")).chat(words, options)));
  addExamples(chat, [
    ["pulmu chat 풀무가 뭐야?", "one question"],
    ["pulmu chat --model hyperclova-x-seed-32b", "a talk; Ctrl-D ends"],
    ["cat questions.txt | pulmu chat", "line by line"],
  ]);
}
