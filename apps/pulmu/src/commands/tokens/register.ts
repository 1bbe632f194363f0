import { type Command, InvalidArgumentError, Option } from "commander";
import { on, type Registry } from "../accounts/register.ts";

/** As the gateway has them, which is loaded only when it is needed. */
const ENGINE_KINDS = ["openai", "vllm", "pulmu"] as const;
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
  addDeploy(program, { finish, addExamples });
  addPolicy(program, { finish, addExamples });
}

function addPolicy(program: Command, { finish, addExamples }: Registry): void {
  const load = () => import("./policy.ts");
  const policy = program
    .command("policy")
    .summary("how requests for tokens are treated")
    .description("Policies of the gateway: whose work gives way, what happens to personal data; and Cedar's, on who may ask what where.");
  on(policy, "set <whom>", "set how requests of site:, tenant:ID, project:ID or key:ID are treated; the narrowest counts")
    .option("--class <class>", "critical, standard or flexible: flexible work waits when power is short")
    .option("--pii <action>", "personal data in requests: allow, report, mask or refuse")
    .action(async (whom, options) => finish(await (await load()).setTreatment(whom, options)));
  on(policy, "list", "list what is set").action(async (options) => finish(await (await load()).listTreatments(options)));
  on(policy, "remove <whom>", "let it be as it is for whom it belongs to").action(async (whom, options) =>
    finish(await (await load()).removeTreatment(whom, options)),
  );
  policy
    .command("check <file>")
    .summary("check a file of Cedar policies")
    .description("Checks a file of Cedar policies, as `pulmu up --policy` reads it.")
    .action(async (file) => finish(await (await load()).checkPolicies(file)));
  addExamples(policy, [
    ["pulmu policy set project:snu/night --class flexible", "a project that can wait for watts"],
    ["pulmu policy set tenant:clinic --pii refuse", "no personal data leaves a clinic"],
    ["pulmu policy check house.cedar", "before pulmu up --policy house.cedar"],
  ]);
}

function addDeploy(program: Command, { finish, addExamples }: Registry): void {
  const load = () => import("./deploy.ts");
  const deploy = program
    .command("deploy")
    .summary("which engines answer for which model")
    .description(
      "Deployments: models with their replicas, kept in the database; every gateway on it serves them within a second of a change.",
    );
  on(deploy, "add <model>", "serve a model by OpenAI-compatible servers, in place of what was deployed under its name")
    .requiredOption("--url <addresses...>", "one for each replica, such as http://10.0.0.7:8000/v1")
    .option("--weight <numbers...>", "requests each is given relative to the others, in the order of --url", decimals)
    .option("--key-env <name>", "environment variable of the gateway that holds the replicas' key")
    .addOption(
      new Option(
        "--engine <kind>",
        "vllm: counts as it goes, and keeps tenants' prompts apart (Dynamo, too); pulmu: and meters its energy (pulmu serve)",
      )
        .choices([...ENGINE_KINDS])
        .default("openai"),
    )
    .option("--share-cache", "let the engine remember one tenant's prompts for another")
    .option("--upstream-model <name>", "what the replicas call it (default: the same)")
    .option("--model-version <text>", "weights and revision, told with each answer (default: the model)")
    .option("--site <id>", "where answers are made (default: the gateway's site)")
    .option("--jurisdiction <country>", "the law that holds there, such as kr (default: the site's)")
    .option("--accelerator <id>", "kind of GPU, where prices name one: its GPU-hours are charged too, then")
    .option("--owner <name>", "who made the model", "pulmu")
    .option("--max-tokens <number>", "tokens an answer may have", wholeNumber, 4_096)
    .option("--max-concurrent <number>", "requests under way at once; more wait", wholeNumber, 256)
    .option("--joules-per-token <number>", "energy at the racks for each token made: what is told and billed", decimal, 0)
    .option("--fallback <models...>", "models that answer when no replica can")
    .action(async (model, options) => finish(await (await load()).addModel(model, options)));
  on(deploy, "list", "list deployments, their replicas and how they are").action(async (options) =>
    finish(await (await load()).listDeployed(options)),
  );
  on(deploy, "drain <model> [replica]", "give a replica, or all, no new requests").action(async (model, replica, options) =>
    finish(await (await load()).setDraining(model, replica, true, options)),
  );
  on(deploy, "resume <model> [replica]", "give a drained replica, or all, requests again").action(async (model, replica, options) =>
    finish(await (await load()).setDraining(model, replica, false, options)),
  );
  on(deploy, "remove <model> [replica]", "take a replica away, or the model").action(async (model, replica, options) =>
    finish(await (await load()).removeModel(model, replica, options)),
  );
  addExamples(deploy, [
    ["pulmu deploy add exaone --url http://10.0.0.7:8000/v1 http://10.0.0.8:8000/v1 --engine vllm", "a model on two vLLM servers"],
    ["pulmu deploy add tiny --url http://127.0.0.1:8119/v1 --engine pulmu --joules-per-token 2", "what pulmu serve runs"],
    ["pulmu deploy drain exaone r2", "before a server is taken down"],
  ]);
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

function decimal(text: string): number {
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(text)) throw new InvalidArgumentError("It is a number.");
  return Number(text);
}

function decimals(text: string, before: readonly number[] | undefined): readonly number[] {
  return [...(before ?? []), decimal(text)];
}
