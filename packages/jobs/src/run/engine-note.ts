import { writeEngine } from "../book/engine-snapshot.ts";
import type { EngineNode } from "../engines/engine.ts";
import { kindsOf } from "../spec/cluster.ts";
import type { Desk } from "./desk.ts";

/** It is written down when it changes, and at least this often: who reads it sees that somebody is there. */
const EVERY_MS = 10_000;

/** Leaves a note of the engine, for those who are not the runner. */
export class EngineNote {
  readonly #desk: Desk;
  readonly #startedMs: number;
  #writtenMs = -Infinity;
  #news = "";

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#startedMs = desk.options.now();
  }

  async write(nowMs: number): Promise<void> {
    const { options, abilities, nodes, power, drawnW, problem, listings, contractW } = this.#desk;
    const news = [power.budgetW, drawnW, problem, abilities?.description, ...nodes.map(({ state }) => state)].join("\n");
    if (nowMs - this.#writtenMs < EVERY_MS && news === this.#news) return;
    this.#writtenMs = nowMs;
    this.#news = news;
    const count = (state: EngineNode["state"]) => nodes.filter((node) => node.state === state).length;
    await writeEngine(options.book.store, {
      atMs: nowMs,
      engine: abilities?.description ?? options.engine.name,
      cluster: { ...options.cluster, kinds: kindsOf(nodes), contractW, images: abilities?.images === true },
      nodesUp: count("up"),
      nodesDraining: count("draining"),
      nodesDown: count("down"),
      limitBudgetW: power.budgetW,
      drawnW,
      cause: power.cause?.text ?? "",
      listings,
      startedMs: this.#startedMs,
      problem,
      filesRoot: options.files.dirOf(""),
    });
  }
}
