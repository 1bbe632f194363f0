import type { Capacity, Curtailment } from "@pulmu/gateway";
import type { Draft } from "@pulmu/journal";

/** What flexible work gave so far. */
export interface GaveWay {
  readonly refused: number;
  readonly delayed: number;
}

/**
 * Notices when flexible work begins to give way and when it has its power back, and what it gave: two lines of the journal under the
 * trace of the grid's message, beside those of the power room.
 */
export class CurtailmentWatch {
  readonly #capacity: Capacity;
  readonly #gaveWay: () => GaveWay;
  readonly #tell: (draft: Draft) => void;
  #now: { readonly curtailment: Curtailment; readonly before: GaveWay } | undefined;

  constructor(capacity: Capacity, gaveWay: () => GaveWay, tell: (draft: Draft) => void) {
    this.#capacity = capacity;
    this.#gaveWay = gaveWay;
    this.#tell = tell;
  }

  /** Call a few times a second. */
  look(nowMs: number): void {
    const curtailment = this.#capacity.curtailment(nowMs);
    const known = this.#now;
    if (known !== undefined && known.curtailment.reason === curtailment?.reason) return;
    if (known !== undefined) this.#end(known.curtailment, known.before);
    this.#now = curtailment && { curtailment, before: this.#gaveWay() };
    if (curtailment !== undefined) this.#write("gateway.curtailed", curtailment, { untilMs: curtailment.untilMs ?? null });
  }

  #end(curtailment: Curtailment, before: GaveWay): void {
    const { refused, delayed } = this.#gaveWay();
    this.#write("gateway.restored", curtailment, { refused: refused - before.refused, delayed: delayed - before.delayed });
  }

  #write(kind: string, { reason, traceparent }: Curtailment, data: Readonly<Record<string, number | null>>): void {
    this.#tell({
      kind,
      actor: "system",
      subject: "flexible",
      data: { reason, ...data },
      ...(traceparent !== undefined && { traceparent }),
    });
  }
}
