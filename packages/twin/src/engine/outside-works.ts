import type { Site } from "@pulmu/site";
import { told } from "../event-words.ts";
import type { OutsideWork } from "../simulation.ts";
import type { EventLog } from "./event-log.ts";
import { KIND, type RackState } from "./rack-state.ts";
import type { Owner } from "./work.ts";

/** A job of an engine outside, as one who holds GPUs. It makes nothing here: what it makes, that engine knows. */
export interface OutsideOwner extends Owner {
  readonly work: OutsideWork;
}

/** What an engine outside runs on the racks that the site file gives to it. */
export class OutsideWorks {
  works: readonly OutsideWork[] = [];
  /** Those that hold GPUs. */
  owners: readonly OutsideOwner[] = [];
  /** 1 for a rack whose work an engine hands out. */
  readonly isEngines: Uint8Array;
  readonly #state: RackState;
  readonly #log: EventLog;

  constructor({ racks, engineRacks }: Site, state: RackState, log: EventLog) {
    this.isEngines = new Uint8Array(racks.length);
    for (const { rack } of engineRacks) this.isEngines[rack] = 1;
    this.#state = state;
    this.#log = log;
  }

  /** Replaces all that was told before. @throws Error for a rack that is no engine's, or more GPUs than it has */
  set(works: readonly OutsideWork[], atS: number): void {
    const held = new Map<number, number>();
    for (const { id, pieces } of works)
      for (const { rack, gpus } of pieces) {
        held.set(rack, (held.get(rack) ?? 0) + gpus);
        if (this.isEngines[rack] !== 1 || held.get(rack)! > this.#state.gpus[rack])
          throw new Error(`${id} holds ${gpus} GPUs of rack ${rack}, which no engine has, or not so many`);
      }
    const before = new Map(this.owners.map((owner) => [owner.work.id, owner]));
    const holders = works.filter(({ pieces }) => pieces.length > 0);
    this.works = works;
    this.owners = holders.map((work) => ownerOf(work, before.get(work.id)));
    for (const work of holders) if (!before.delete(work.id)) this.#tell(atS, "job-started", work);
    for (const { work } of before.values()) this.#tell(atS, "job-ended", work);
  }

  /** GPUs of the engines' racks in the last second, W: those at work and those that wait. */
  gpuPowerW(): number {
    const { accelerators, gpus, up } = this.#state;
    const idleW = (rack: number) => (up[rack] === 1 ? accelerators[rack].idleW : 0);
    let powerW = 0;
    for (let r = 0; r < this.isEngines.length; r++) if (this.isEngines[r] === 1) powerW += gpus[r] * idleW(r);
    for (const { gpuPowerW, pieces } of this.owners) powerW += gpuPowerW - pieces.reduce((sum, piece) => sum + piece.gpus * idleW(piece.rack), 0); // prettier-ignore
    return powerW;
  }

  #tell(atS: number, kind: "job-started" | "job-ended", { id, pieces }: OutsideWork): void {
    const gpus = pieces.reduce((sum, piece) => sum + piece.gpus, 0);
    const said = told(kind === "job-started" ? "outside-started" : "outside-ended", { gpus, racks: pieces.length });
    this.#log.push({ atS, kind, severity: "info", subject: id, ...said });
  }
}

function ownerOf(work: OutsideWork, before: OutsideOwner | undefined): OutsideOwner {
  const kind = KIND[work.kind];
  const { gpuPowerW = 0, gpuEnergyJ = 0 } = before ?? {};
  return {
    work,
    kindA: kind,
    kindB: kind === KIND.decode ? KIND.prefill : KIND.decode, // of which it does nothing
    pieces: work.pieces.map((piece) => ({ ...piece })),
    busyA: work.busy,
    busyB: 0,
    gang: true,
    speedA: 1,
    speedB: 1,
    gpuPowerW,
    gpuEnergyJ,
    makesTokens: false,
    tokensPerS: 0,
    promptTokensPerS: 0,
  };
}
