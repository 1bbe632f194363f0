import { random } from "@pulmu/units";

/** Types of metadata values in GGUF v3 that are used here: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
const TYPE = { u32: 4, i32: 5, f32: 6, bool: 7, text: 8, list: 9 } as const;
const ALIGNMENT = 32;
const VERSION = 3;
/** Tensors of 32-bit floats. */
const F32 = 0;

/** What kind of token a vocabulary entry is. */
const TOKEN = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

const LAYERS = 2;
const WIDTH = 64;
const HEADS = 4;
const FEED_FORWARD = 128;
const CONTEXT_TOKENS = 1_024;

const CHAT_TEMPLATE =
  "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}";

/**
 * A model file that llama.cpp loads: the architecture of Llama with weights drawn at random, half a megabyte. It makes real tokens, at
 * thousands a second, that mean nothing. The same seed gives the same bytes.
 */
export function tinyGguf(seed = 1): Buffer {
  const draw = random(seed, "tiny-gguf");
  const vocabulary = tokens();
  const tensors = tensorsOf(vocabulary.length).map(([name, ...shape]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const weights = Float32Array.from({ length: count }, () => (name.endsWith("norm.weight") ? 1 : 0.2 * (draw.next() - 0.5)));
    return { name, shape, bytes: Buffer.from(weights.buffer) };
  });
  const metadata = metadataOf(vocabulary);
  const parts: Buffer[] = [Buffer.from("GGUF"), u32(VERSION), u64(tensors.length), u64(metadata.length), ...metadata];
  let offset = 0;
  for (const { name, shape, bytes } of tensors) {
    parts.push(text(name), u32(shape.length), ...shape.map(u64), u32(F32), u64(offset));
    offset += bytes.length + padding(bytes.length).length;
  }
  parts.push(padding(parts.reduce((sum, { length }) => sum + length, 0)));
  for (const { bytes } of tensors) parts.push(bytes, padding(bytes.length));
  return Buffer.concat(parts);
}

/** Three special tokens, a token for each byte, and the printable characters, so that most of what is made can be read. */
function tokens(): readonly (readonly [token: string, score: number, kind: number])[] {
  const bytes = Array.from({ length: 256 }, (_, i) => [`<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`, 0, TOKEN.byte] as const);
  const printable = Array.from({ length: 94 }, (_, i) => [String.fromCharCode(33 + i), -33 - i, TOKEN.normal] as const);
  return [
    ["<unk>", 0, TOKEN.unknown],
    ["<s>", 0, TOKEN.control],
    ["</s>", 0, TOKEN.control],
    ...bytes,
    ...printable,
    ["▁", -1, TOKEN.normal],
  ];
}

function tensorsOf(vocabularySize: number): readonly (readonly [name: string, ...shape: number[]])[] {
  const layers = Array.from({ length: LAYERS }, (_, i) => {
    const name = (part: string) => `blk.${i}.${part}.weight`;
    const square = ["attn_q", "attn_k", "attn_v", "attn_output"].map((part) => [name(part), WIDTH, WIDTH] as const);
    return [
      [name("attn_norm"), WIDTH],
      ...square,
      [name("ffn_norm"), WIDTH],
      [name("ffn_gate"), WIDTH, FEED_FORWARD],
      [name("ffn_up"), WIDTH, FEED_FORWARD],
      [name("ffn_down"), FEED_FORWARD, WIDTH],
    ] as const;
  });
  return [
    ["token_embd.weight", WIDTH, vocabularySize],
    ...layers.flat(),
    ["output_norm.weight", WIDTH],
    ["output.weight", WIDTH, vocabularySize],
  ];
}

function metadataOf(vocabulary: ReturnType<typeof tokens>): Buffer[] {
  return [
    entry("general.architecture", TYPE.text, text("llama")),
    entry("general.name", TYPE.text, text("tiny-random")),
    entry("llama.block_count", TYPE.u32, u32(LAYERS)),
    entry("llama.context_length", TYPE.u32, u32(CONTEXT_TOKENS)),
    entry("llama.embedding_length", TYPE.u32, u32(WIDTH)),
    entry("llama.feed_forward_length", TYPE.u32, u32(FEED_FORWARD)),
    entry("llama.attention.head_count", TYPE.u32, u32(HEADS)),
    entry("llama.attention.head_count_kv", TYPE.u32, u32(HEADS)),
    entry("llama.attention.layer_norm_rms_epsilon", TYPE.f32, f32(1e-5)),
    entry("llama.rope.dimension_count", TYPE.u32, u32(WIDTH / HEADS)),
    entry("llama.vocab_size", TYPE.u32, u32(vocabulary.length)),
    entry("tokenizer.ggml.model", TYPE.text, text("llama")),
    list(
      "tokenizer.ggml.tokens",
      TYPE.text,
      vocabulary.map(([token]) => text(token)),
    ),
    list(
      "tokenizer.ggml.scores",
      TYPE.f32,
      vocabulary.map(([, score]) => f32(score)),
    ),
    list(
      "tokenizer.ggml.token_type",
      TYPE.i32,
      vocabulary.map(([, , kind]) => u32(kind)),
    ),
    entry("tokenizer.ggml.unknown_token_id", TYPE.u32, u32(0)),
    entry("tokenizer.ggml.bos_token_id", TYPE.u32, u32(1)),
    entry("tokenizer.ggml.eos_token_id", TYPE.u32, u32(2)),
    entry("tokenizer.ggml.add_bos_token", TYPE.bool, Buffer.from([1])),
    entry("tokenizer.chat_template", TYPE.text, text(CHAT_TEMPLATE)),
  ];
}

function entry(name: string, type: number, value: Buffer): Buffer {
  return Buffer.concat([text(name), u32(type), value]);
}

function list(name: string, type: number, values: readonly Buffer[]): Buffer {
  return entry(name, TYPE.list, Buffer.concat([u32(type), u64(values.length), ...values]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

/** Zeros up to the next whole multiple of the alignment. */
function padding(length: number): Buffer {
  return Buffer.alloc((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
}
