import type { Replica } from "../replica.ts";
import type { RequestTable } from "../request-table.ts";
import type { Router } from "./router.ts";

/** A prompt is not queued behind more than this many tokens (prompt_max_pending_batch_tokens of the simulator's mixed_pool). */
const MOST_PENDING_TOKENS = 8192;

/**
 * Splitwise's scheduler: both replicas of a request are chosen when it arrives. A prompt goes to the prefill replica with the fewest
 * pending tokens, decode to the decode replica with the least reserved memory. Where a pool is full, a replica of the other one joins
 * the mixed pool between them, and goes home when it has nothing left to do. Where all are full, one replica takes the whole request.
 * (https://github.com/Mutinifni/splitwise-sim, `MixedPoolScheduler`; Splitwise, ISCA 2024, section IV-A.)
 */
export class MixedPoolRouter implements Router {
  readonly #table: RequestTable;
  readonly #replicas: readonly Replica[];
  readonly #home: ReadonlyMap<Replica, Replica[]>;
  readonly #prefill: Replica[];
  readonly #decode: Replica[];
  readonly #mixed: Replica[] = [];
  /** By replica: prompt tokens to be computed and one for each sequence to be decoded; tokens of memory spoken for. */
  readonly #pending: Float64Array;
  readonly #reserved: Float64Array;

  constructor(table: RequestTable, prefill: readonly Replica[], decode: readonly Replica[]) {
    this.#table = table;
    this.#prefill = [...prefill];
    this.#decode = [...decode];
    this.#replicas = [...prefill, ...decode];
    this.#home = new Map([
      ...prefill.map((each) => [each, this.#prefill] as const),
      ...decode.map((each) => [each, this.#decode] as const),
    ]);
    this.#pending = new Float64Array(this.#replicas.length);
    this.#reserved = new Float64Array(this.#replicas.length);
  }

  place(slot: number): Replica | undefined {
    const [prompt, tokens] = this.#needs(slot);
    let first = this.#forPrompt(this.#prefill, prompt) ?? this.#forPrompt(this.#mixed, prompt);
    let second = this.#forDecode(this.#decode, tokens) ?? this.#forDecode(this.#mixed, tokens);
    first ??= this.#borrow(this.#decode, this.#pending);
    second ??= this.#borrow(this.#prefill, this.#reserved);
    if (first === undefined || second === undefined) {
      first = second = least([...this.#prefill, ...this.#mixed, ...this.#decode], this.#pending);
      if (first === undefined) return undefined;
    }
    this.#table.decodeAt[slot] = (second as Replica).index;
    this.#table.charge[slot] = prompt;
    this.#pending[first.index] += prompt;
    if (first !== second) this.#reserved[first.index] += prompt + 1;
    this.#book(slot, second as Replica, 1);
    return first;
  }

  seat(slot: number): Replica | undefined {
    const planned = this.#replicas[this.#table.decodeAt[slot]];
    if (planned.state === "on") return planned;
    const other = least(this.#decode, this.#reserved) ?? least(this.#mixed, this.#reserved) ?? least(this.#prefill, this.#reserved);
    if (other === undefined) return undefined;
    this.#book(slot, planned, -1);
    this.#book(slot, other, 1);
    this.#table.decodeAt[slot] = other.index;
    return other;
  }

  prefilled(slot: number, replica: Replica): void {
    this.#pending[replica.index] -= this.#table.charge[slot];
    this.#table.charge[slot] = 0;
  }

  handedOver(slot: number, from: Replica): void {
    this.#reserved[from.index] -= this.#table.target[slot] + 1;
  }

  left(slot: number, replica: Replica): void {
    const decodesAt = this.#replicas[this.#table.decodeAt[slot]];
    if (this.#table.charge[slot] > 0) {
      this.prefilled(slot, replica); // lost before its prompt was done
      if (replica !== decodesAt) this.handedOver(slot, replica);
    }
    this.#book(slot, decodesAt, -1);
  }

  idle(replica: Replica): void {
    const place = this.#mixed.indexOf(replica);
    if (place < 0) return;
    this.#mixed.splice(place, 1);
    this.#home.get(replica)?.push(replica);
  }

  /** Tokens of the prefill, and of memory for the whole request. */
  #needs(slot: number): readonly [prompt: number, tokens: number] {
    const { prompt, output, generated } = this.#table;
    return [prompt[slot] + generated[slot], prompt[slot] + output[slot]];
  }

  #book(slot: number, replica: Replica, sign: 1 | -1): void {
    this.#pending[replica.index] += sign;
    this.#reserved[replica.index] += sign * this.#needs(slot)[1];
  }

  #forPrompt(replicas: readonly Replica[], tokens: number): Replica | undefined {
    const replica = least(replicas, this.#pending);
    if (replica === undefined) return undefined;
    const long = this.#pending[replica.index] + tokens > MOST_PENDING_TOKENS;
    return long && hasQueue(replica) ? undefined : replica;
  }

  #forDecode(replicas: readonly Replica[], tokens: number): Replica | undefined {
    const replica = least(replicas, this.#reserved);
    return replica !== undefined && this.#reserved[replica.index] + tokens < replica.model.kvCapacityTokens ? replica : undefined;
  }

  #borrow(pool: Replica[], measure: Float64Array): Replica | undefined {
    const replica = least(pool, measure);
    if (replica === undefined) return undefined;
    pool.splice(pool.indexOf(replica), 1);
    this.#mixed.push(replica);
    return replica;
  }
}

/** The first of those that are on with the smallest measure. */
function least(replicas: readonly Replica[], measure: Float64Array): Replica | undefined {
  let best: Replica | undefined;
  for (const replica of replicas) {
    if (replica.state === "on" && (best === undefined || measure[replica.index] < measure[best.index])) best = replica;
  }
  return best;
}

/** Does anything wait there for its turn, be it the decode of a prompt being computed? */
function hasQueue({ batch, index }: Replica): boolean {
  return batch.queued > 0 || batch.chunkSlots.some((slot) => batch.table.decodeAt[slot] === index);
}
