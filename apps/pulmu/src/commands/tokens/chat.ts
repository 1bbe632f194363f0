import { createInterface } from "node:readline";
import { PulmuError } from "@pulmu/units";
import { EXIT, type ExitCode } from "../../exit.ts";
import { createStyle, wantsColour } from "../../terminal/style.ts";
import { type AnswerCost, type DoorOptions, listModels, type Message, streamAnswer } from "./door-client.ts";

export interface ChatOptions extends DoorOptions {
  readonly model?: string;
}

/** Turns that are sent again with each question; older ones are forgotten. */
const MAX_TURNS = 40;

/**
 * `pulmu chat`: one question from the arguments, or a talk line by line from the terminal or a pipe; ends with Ctrl-D. After each answer
 * a line says what it cost.
 * @throws PulmuError `server.*`, `key.missing`, `chat.model`
 */
export async function chat(words: readonly string[], options: ChatOptions): Promise<ExitCode> {
  const model = options.model ?? (await listModels(options))[0]?.id;
  if (model === undefined) throw new PulmuError({ code: "chat.model", path: "--model", rule: "the door has no models" });
  const messages: Message[] = [];
  const answer = async (question: string) => {
    messages.push({ role: "user", content: question });
    let text = "";
    const cost = await streamAnswer(options, model, messages.slice(-MAX_TURNS), (piece) => {
      text += piece;
      process.stdout.write(piece);
    });
    messages.push({ role: "assistant", content: text });
    process.stdout.write(`\n${cost === undefined ? "" : `${createStyle(wantsColour(process.stdout, process.env)).dim(costLine(cost))}\n`}`);
  };
  if (words.length > 0) {
    await answer(words.join(" "));
    return EXIT.ok;
  }
  const terminal = process.stdin.isTTY;
  if (terminal) process.stdout.write(`${model} · Ctrl-D ends\n`);
  const lines = createInterface({ input: process.stdin, output: terminal ? process.stdout : undefined, prompt: "› ", terminal });
  if (terminal) lines.prompt();
  for await (const line of lines) {
    if (line.trim() !== "") await answer(line);
    if (terminal) lines.prompt();
  }
  return EXIT.ok;
}

/** `24 tokens · 107 J · 0.010 g CO₂ · gak-sejong, kr · simulated` */
export function costLine(cost: AnswerCost): string {
  const parts = [
    `${cost.completion_tokens} tokens`,
    `${figure(cost.energy_joules)} J`,
    `${figure(cost.carbon_grams)} g CO₂`,
    `${cost.site}, ${cost.jurisdiction}`,
    ...(cost.simulated === true ? ["simulated"] : []),
  ];
  return parts.join(" · ");
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
