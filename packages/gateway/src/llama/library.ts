import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PulmuError } from "@pulmu/units";

/** llama.cpp for Node: https://node-llama-cpp.withcat.ai. Not a dependency: 85 MB that only who runs a model here needs. */
export const LLAMA_PACKAGE = { name: "node-llama-cpp", version: "3.22.1" } as const;

/** What of the library is used here, in its own names. */
export interface LlamaLibrary {
  getLlama(options: {
    readonly gpu: "auto" | false;
    readonly build: "never";
    readonly skipDownload: true;
    readonly logLevel: "error";
    readonly maxThreads: number;
  }): Promise<Llama>;
  resolveChatWrapper(model: LlamaModel): ChatWrapper;
  readonly LlamaGrammarEvaluationState: new (options: { readonly model: LlamaModel; readonly grammar: Grammar }) => GrammarState;
}

export type Token = number & { readonly __token: never };
export type Grammar = object;
export type GrammarState = object;

export interface Llama {
  loadModel(options: { readonly modelPath: string }): Promise<LlamaModel>;
  createGrammarForJsonSchema(schema: object): Promise<Grammar>;
  getGrammarFor(type: "json"): Promise<Grammar>;
  dispose(): Promise<void>;
}

export interface LlamaModel {
  readonly trainContextSize: number;
  readonly fileInfo: { readonly metadata: { readonly general?: { readonly name?: string; readonly architecture?: string } } };
  readonly tokenizer: object;
  tokenize(text: string): Token[];
  detokenize(tokens: readonly Token[], specialTokens: boolean, lastTokens: readonly Token[]): string;
  createContext(options: { readonly sequences: number; readonly contextSize: number; readonly threads: number }): Promise<LlamaContext>;
  createEmbeddingContext(options: { readonly threads: number }): Promise<EmbeddingContext>;
}

export interface LlamaContext {
  getSequence(): Sequence;
}

export interface EmbeddingContext {
  getEmbeddingFor(tokens: readonly Token[]): Promise<{ readonly vector: readonly number[] }>;
}

/** One conversation's place in the model's memory. */
export interface Sequence {
  readonly nextTokenIndex: number;
  compareContextTokens(tokens: readonly Token[]): { readonly firstDifferentIndex: number };
  adaptStateToTokens(tokens: readonly Token[], allowShift: boolean): Promise<void>;
  clearHistory(): Promise<void>;
  evaluate(
    tokens: readonly Token[],
    options: {
      readonly temperature: number;
      readonly topP?: number;
      readonly seed?: number;
      readonly grammarEvaluationState?: GrammarState;
    },
  ): AsyncGenerator<Token, void>;
}

export type HistoryItem =
  | { readonly type: "system" | "user"; readonly text: string }
  | { readonly type: "model"; readonly response: readonly string[] };

export interface ChatWrapper {
  generateContextState(options: { readonly chatHistory: readonly HistoryItem[] }): {
    readonly contextText: { tokenize(tokenizer: object): Token[] };
  };
}

/**
 * Loads the library where it is: among this program's own packages, or in a folder that `pulmu serve --install` made.
 * @throws PulmuError `llama.missing` with the way to get it
 */
export async function loadLlama(folder: string): Promise<LlamaLibrary> {
  const installed = join(folder, "node_modules", LLAMA_PACKAGE.name, "dist/index.js");
  try {
    return (await import(existsSync(installed) ? pathToFileURL(installed).href : LLAMA_PACKAGE.name)) as LlamaLibrary;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new PulmuError({
      code: "llama.missing",
      path: LLAMA_PACKAGE.name,
      rule: "llama.cpp is not installed: it is 85 MB that only running a model here needs",
      hint: "pulmu serve --install",
    });
  }
}
