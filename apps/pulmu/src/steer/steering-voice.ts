import type { AcceptedTarget, CriticalCut, Setup, StepOutput } from "@pulmu/power";
import type { EventWords, Said } from "@pulmu/twin";
import { formatPower } from "@pulmu/units";
import { noted } from "../live/note-words.ts";

/** Critical racks named in one line. */
const CUTS_NAMED = 3;

export type Note = (severity: "info" | "warning", text: string, words?: EventWords) => void;

/** What steering has to say to who watches the factory, each thing once. */
export class SteeringVoice {
  readonly #setup: Setup;
  #excursions: readonly string[] = [];
  #repairsTold = 0;
  /** Where it is said; before somebody listens, nowhere. */
  note: Note = () => {};

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  tell({ criticalCuts, excursions }: StepOutput): void {
    if (criticalCuts.length > 0) this.#tellCuts(criticalCuts);
    const fresh = excursions.filter((name) => !this.#excursions.includes(name));
    if (fresh.length > 0) this.#say("warning", noted("over-limit", { names: fresh.join(", ") }));
    this.#excursions = excursions;
    for (const { rackType, work, dropped } of this.#setup.profiles.repairs.slice(this.#repairsTold)) {
      this.#repairsTold++;
      this.#say("info", noted("curve-repaired", { rackType, work, dropped }));
    }
  }

  tellTarget({ target, repaired }: AcceptedTarget): void {
    const { text, words } = saidOf(target);
    this.note("info", repaired === undefined ? text : `${text}: ${repaired}`, words);
  }

  #tellCuts(cuts: readonly CriticalCut[]): void {
    const [{ rack, limitW, needW, because }] = cuts;
    const first = { rack: this.#setup.site.racks[rack].id, limitW, needW, because };
    const { words } = cuts.length === 1 ? noted("critical-cut", first) : noted("critical-cuts", { ...first, racks: cuts.length });
    this.note("warning", this.#cutText(cuts), words);
  }

  #cutText(cuts: readonly CriticalCut[]): string {
    const named = cuts.slice(0, CUTS_NAMED).map(({ rack, limitW, needW, because }) => {
      return `${this.#setup.site.racks[rack].id} at ${formatPower(limitW)} of ${formatPower(needW)}, for ${because}`;
    });
    const more = cuts.length > CUTS_NAMED ? `, and ${cuts.length - CUTS_NAMED} more` : "";
    return `critical work is cut: ${named.join("; ")}${more}`;
  }

  #say(severity: "info" | "warning", { text, words }: Said): void {
    this.note(severity, text, words);
  }
}

function saidOf({ limitW, feedTag }: AcceptedTarget["target"]): Said {
  if (feedTag === undefined) return limitW === undefined ? noted("site-free", {}) : noted("site-asked", { limitW });
  return limitW === undefined ? noted("feed-free", { feed: feedTag }) : noted("feed-asked", { feed: feedTag, limitW });
}
