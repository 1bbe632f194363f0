import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A counter of energy, J since some moment. */
export interface EnergyCounter {
  read(): number;
}

/** An answer's share of what is metered. */
export interface MeteredWork {
  /** J so far. */
  readonly joules: number;
  end(): void;
}

/**
 * Shares what a machine draws out among the answers under way: each stretch of time between two beginnings or ends in equal parts. What
 * it draws while nobody asks is nobody's.
 */
export class EnergyMeter {
  readonly #counter: EnergyCounter;
  readonly #working = new Set<{ joules: number }>();
  #last: number;

  constructor(counter: EnergyCounter) {
    this.#counter = counter;
    this.#last = counter.read();
  }

  begin(): MeteredWork {
    this.#share();
    const work = { joules: 0 };
    this.#working.add(work);
    const share = () => this.#share();
    return {
      get joules() {
        share();
        return work.joules;
      },
      end: () => {
        this.#share();
        this.#working.delete(work);
      },
    };
  }

  #share(): void {
    const now = this.#counter.read();
    const drawn = Math.max(0, now - this.#last); // a counter that was reset counts on from there
    this.#last = now;
    for (const work of this.#working) work.joules += drawn / this.#working.size;
  }
}

/**
 * The processors' own meters, where the kernel shows them and they may be read: Linux's powercap, one zone for each package
 * (https://www.kernel.org/doc/html/latest/power/powercap/powercap.html). Undefined: there are none.
 */
export function processorCounter(folder = "/sys/class/powercap"): EnergyCounter | undefined {
  const zones = zonesIn(folder).filter((name) => /^[a-z-]+:\d+$/.test(name)); // packages; their parts are in them
  const read = (name: string) => Number(readFileSync(join(folder, name, "energy_uj"), "utf8"));
  try {
    if (zones.length === 0 || zones.some((name) => Number.isNaN(read(name)))) return undefined;
  } catch {
    return undefined;
  }
  const ranges = zones.map((name) => Number(readFileSync(join(folder, name, "max_energy_range_uj"), "utf8")));
  const last = zones.map(read);
  let totalUj = 0;
  return {
    read() {
      zones.forEach((name, i) => {
        const now = read(name);
        totalUj += now >= last[i] ? now - last[i] : now + ranges[i] - last[i]; // it wraps
        last[i] = now;
      });
      return totalUj / 1e6;
    },
  };
}

function zonesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
