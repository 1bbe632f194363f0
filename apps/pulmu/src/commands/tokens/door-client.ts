import { existsSync, readFileSync } from "node:fs";
import { PulmuError } from "@pulmu/units";

export interface DoorOptions {
  /** `http://127.0.0.1:8118/v1` */
  readonly url: string;
  readonly key?: string;
}

export interface ModelRow {
  readonly id: string;
  readonly site: string;
  readonly jurisdiction: string;
  readonly model_version: string;
  readonly simulated?: boolean;
}

/** What an answer said of itself at its end. */
export interface AnswerCost {
  readonly completion_tokens: number;
  readonly energy_joules: number;
  readonly carbon_grams: number;
  readonly site: string;
  readonly jurisdiction: string;
  readonly simulated?: boolean;
}

export interface Message {
  readonly role: "user" | "assistant";
  readonly content: string;
}

const KEY_FILE = ".pulmu/admin-key";

/** A key as given, from the environment, or the first one of a house that was started here. @throws PulmuError `key.missing` */
function keyOf({ key }: DoorOptions): string {
  const found = key ?? process.env["PULMU_API_KEY"] ?? (existsSync(KEY_FILE) ? readFileSync(KEY_FILE, "utf8").trim() : undefined);
  if (found === undefined)
    throw new PulmuError({
      code: "key.missing",
      path: "--key",
      rule: `no key given, none in PULMU_API_KEY, none in ${KEY_FILE}`,
      hint: "pulmu key create",
    });
  return found;
}

/** @throws PulmuError `server.unreachable`, `server.refused` with the door's own words */
async function ask(options: DoorOptions, path: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${keyOf(options)}`, "content-type": "application/json" };
  const init = body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`${options.url}${path}`, init).catch(() => {
    throw new PulmuError({
      code: "server.unreachable",
      path: "--url",
      value: options.url,
      rule: "nothing answers there",
      hint: "pulmu up",
    });
  });
  if (response.ok) return response;
  const { error } = (await response.json().catch(() => ({}))) as { error?: { message?: string } };
  throw new PulmuError({ code: "server.refused", value: String(response.status), rule: error?.message ?? response.statusText });
}

export async function listModels(options: DoorOptions): Promise<readonly ModelRow[]> {
  return ((await (await ask(options, "/models")).json()) as { data: ModelRow[] }).data;
}

/** Asks, gives each piece of the answer as it comes, and what it cost at the end; undefined when the stream broke off. */
export async function streamAnswer(
  options: DoorOptions,
  model: string,
  messages: readonly Message[],
  onText: (text: string) => void,
): Promise<AnswerCost | undefined> {
  const response = await ask(options, "/chat/completions", { model, messages, stream: true, stream_options: { include_usage: true } });
  let rest = "";
  let cost: AnswerCost | undefined;
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const events = (rest + text).split("\n\n");
    rest = events.pop()!;
    for (const event of events) {
      if (!event.startsWith("data: {")) continue;
      const data = JSON.parse(event.slice("data: ".length)) as {
        choices?: { delta: { content?: string } }[];
        usage?: AnswerCost | null;
        error?: { message: string };
      };
      if (data.error !== undefined) throw new PulmuError({ code: "server.refused", rule: data.error.message });
      onText(data.choices?.[0]?.delta.content ?? "");
      cost = data.usage ?? cost;
    }
  }
  return cost;
}
