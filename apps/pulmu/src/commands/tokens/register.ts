import { type Command, InvalidArgumentError } from "commander";
import type { Registry } from "../accounts/register.ts";

const DEFAULT_URL = "http://127.0.0.1:8118/v1";

/** Adds `pulmu models`, `pulmu chat` and `pulmu serve`: the door for tokens from the terminal, and a real model behind it. */
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
  addServe(program, { finish, addExamples });
}

function addServe(program: Command, { finish, addExamples }: Registry): void {
  const serve = program
    .command("serve [model.gguf]")
    .summary("run a real model on this machine, by llama.cpp")
    .description("Answers OpenAI's API with a model on this machine, by llama.cpp: an upstream for a gateway.")
    .option("--host <address>", "address to listen on; it asks for no key", "127.0.0.1")
    .option("--port <number>", "port to listen on; 0 takes any free one", wholeNumber, 8_119)
    .option("--name <id>", "what the model is called (default: by its file)")
    .option("--context <tokens>", "prompt and answer together (default: the model's own, up to 8192)", wholeNumber)
    .option("--slots <number>", "answers at a time", wholeNumber, 4)
    .option("--threads <number>", "threads that compute (default: half of the machine's)", wholeNumber)
    .option("--gpu", "use a GPU where llama.cpp finds one")
    .option("--install", "install llama.cpp first: 85 MB, into .pulmu/llama")
    .option("--json", "print as JSON")
    .action(async (file, options) => finish(await (await import("./serve.ts")).serve(file, options)));
  addExamples(serve, [
    ["pulmu serve --install", "get llama.cpp, once"],
    ["pulmu serve exaone-4.0-1.2b-q4_k_m.gguf", "a model of one's own, at http://127.0.0.1:8119/v1"],
  ]);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It is a whole number.");
  return Number(text);
}
