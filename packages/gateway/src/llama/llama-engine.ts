import { PulmuError } from "@pulmu/units";
import type { EmbeddingContext, Grammar, HistoryItem, Llama, LlamaLibrary, LlamaModel, Token } from "./library.ts";
import { Slots } from "./slots.ts";
import { StopStrings } from "./stop-strings.ts";

export interface LlamaEngineOptions {
  /** GGUF file. */
  readonly file: string;
  /** Tokens of prompt and answer together, for each conversation; the model's own, up to 8,192, unless said. */
  readonly contextTokens?: number | undefined;
  /** Conversations at a time. */
  readonly slots: number;
  readonly threads: number;
  /** False: the CPU alone. */
  readonly gpu: boolean;
}

/** How an answer is to be made. */
export interface Sampling {
  readonly maxTokens: number;
  /** 0: always the likeliest token. */
  readonly temperature: number;
  readonly topP?: number | undefined;
  readonly seed?: number | undefined;
  readonly stop: readonly string[];
  readonly grammar?: Grammar | undefined;
}

/** An answer under way. */
export interface Generation {
  readonly promptTokens: number;
  /** Of these, remembered from before. */
  readonly cachedTokens: number;
  /** One piece for each token made; "" while a character is not whole. */
  readonly pieces: AsyncGenerator<string, End>;
}

/** Why an answer ended, and what text of it was kept back until then. */
export interface End {
  readonly reason: "stop" | "length";
  readonly rest: string;
}

const DEFAULT_CONTEXT_TOKENS = 8_192;
/** A character is this many tokens at most, one for each byte; then what is there is shown, whole or not. */
const MAX_TOKENS_OF_CHARACTER = 4;

/** A model in this process: llama.cpp with as many conversations at a time as it has slots. */
export class LlamaEngine {
  readonly contextTokens: number;
  readonly name: string;
  readonly #library: LlamaLibrary;
  readonly #llama: Llama;
  readonly #model: LlamaModel;
  readonly #slots: Slots;
  readonly #options: LlamaEngineOptions;
  #embedding: Promise<EmbeddingContext> | undefined;

  private constructor(library: LlamaLibrary, llama: Llama, model: LlamaModel, slots: Slots, options: Required<LlamaEngineOptions>) {
    this.#library = library;
    this.#llama = llama;
    this.#model = model;
    this.#slots = slots;
    this.#options = options;
    this.contextTokens = options.contextTokens!;
    this.name = model.fileInfo.metadata.general?.name ?? "";
  }

  /** @throws PulmuError `llama.model` for a file that llama.cpp does not load */
  static async open(library: LlamaLibrary, options: LlamaEngineOptions): Promise<LlamaEngine> {
    const { file, slots, threads, gpu } = options;
    const llama = await library.getLlama({
      gpu: gpu ? "auto" : false,
      build: "never",
      skipDownload: true,
      logLevel: "error",
      maxThreads: threads,
    });
    try {
      const model = await llama.loadModel({ modelPath: file });
      const contextTokens = options.contextTokens ?? Math.min(model.trainContextSize, DEFAULT_CONTEXT_TOKENS);
      const context = await model.createContext({ sequences: slots, contextSize: contextTokens, threads });
      const sequences = Array.from({ length: slots }, () => context.getSequence());
      return new LlamaEngine(library, llama, model, new Slots(sequences), { ...options, contextTokens });
    } catch (error) {
      await llama.dispose();
      throw new PulmuError({ code: "llama.model", file, value: (error as Error).message, rule: "llama.cpp cannot load this file" });
    }
  }

  get full(): boolean {
    return this.#slots.full;
  }

  /** A chat as the model's own template writes it, up to where its answer begins. */
  chatTokens(history: readonly HistoryItem[]): readonly Token[] {
    const chatHistory = [...history, { type: "model", response: [] } as const];
    return this.#library.resolveChatWrapper(this.#model).generateContextState({ chatHistory }).contextText.tokenize(this.#model.tokenizer);
  }

  tokenize(text: string): readonly Token[] {
    return this.#model.tokenize(text);
  }

  /** A grammar that lets only such JSON pass. */
  grammar(schema: object | undefined): Promise<Grammar> {
    return schema === undefined ? this.#llama.getGrammarFor("json") : this.#llama.createGrammarForJsonSchema(schema);
  }

  /**
   * Makes an answer, token by token; it ends early when the caller leaves. `salt` says whose memory may be used.
   * @returns undefined when the caller left before there was a slot
   */
  async generate(tokens: readonly Token[], sampling: Sampling, salt: string, signal: AbortSignal): Promise<Generation | undefined> {
    const slot = await this.#slots.enter(tokens, salt, signal);
    if (slot === undefined) return undefined;
    const { sequence } = slot;
    try {
      if (slot.salt !== salt) await sequence.clearHistory();
      slot.salt = salt;
      // The last token is always computed: what comes next follows from it.
      await sequence.adaptStateToTokens(tokens.slice(0, -1), false);
      const cachedTokens = sequence.nextTokenIndex;
      const made = sequence.evaluate(tokens.slice(cachedTokens), this.#evaluation(sampling));
      return { promptTokens: tokens.length, cachedTokens, pieces: this.#pieces(made, sampling, signal, () => this.#slots.leave(slot)) };
    } catch (error) {
      this.#slots.leave(slot);
      throw error;
    }
  }

  async embed(text: string): Promise<{ readonly vector: readonly number[]; readonly tokens: number }> {
    const context = await (this.#embedding ??= this.#model.createEmbeddingContext({ threads: this.#options.threads }));
    const tokens = this.#model.tokenize(text);
    return { vector: (await context.getEmbeddingFor(tokens)).vector, tokens: tokens.length };
  }

  async close(): Promise<void> {
    await this.#llama.dispose();
  }

  #evaluation({ temperature, topP, seed, grammar }: Sampling) {
    return {
      temperature,
      ...(topP !== undefined && { topP }),
      ...(seed !== undefined && { seed }),
      ...(grammar !== undefined && {
        grammarEvaluationState: new this.#library.LlamaGrammarEvaluationState({ model: this.#model, grammar }),
      }),
    };
  }

  async *#pieces(
    made: AsyncGenerator<Token, void>,
    { maxTokens, stop }: Sampling,
    signal: AbortSignal,
    done: () => void,
  ): AsyncGenerator<string, End> {
    const stops = new StopStrings(stop);
    let unwritten: Token[] = [];
    let last: Token[] = [];
    const written = () => this.#model.detokenize(unwritten, false, last);
    const end = (reason: End["reason"]): End => ({ reason, rest: stops.end() + (unwritten.length > 0 ? written() : "") });
    try {
      if (maxTokens === 0) return end("length");
      let count = 0;
      for await (const token of made) {
        unwritten.push(token);
        let text = written();
        if (text.endsWith("\uFFFD") && unwritten.length < MAX_TOKENS_OF_CHARACTER) text = "";
        else [last, unwritten] = [unwritten, []];
        const { text: piece, stopped } = stops.push(text);
        yield piece;
        if (stopped) return { reason: "stop", rest: "" };
        if (++count >= maxTokens || signal.aborted) return end("length");
      }
      return end("stop");
    } finally {
      await made.return();
      done();
    }
  }
}
