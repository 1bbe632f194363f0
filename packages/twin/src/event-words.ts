/** What an event says, apart from any language: which sentence, and the values in it, in the units that their names end with. */
export interface EventWords {
  readonly code: string;
  readonly values: Readonly<Record<string, string | number>>;
}

type Sentences = Readonly<Record<string, (values: never) => string>>;
type ValuesOf<Sentence extends (values: never) => string> = Parameters<Sentence> extends [infer Values] ? Values : Record<string, never>;

/** A code of a table of sentences, with the values that its sentence needs. */
export type SaidBy<Table extends Sentences> = {
  readonly [Code in keyof Table & string]: { readonly code: Code; readonly values: ValuesOf<Table[Code]> };
}[keyof Table & string];

/** In English, and in words that others can say in their language. */
export interface Said {
  readonly text: string;
  readonly words: EventWords;
}

/** Says the sentences of a table. */
export function teller<const Table extends Sentences>(english: Table) {
  return <Code extends keyof Table & string>(code: Code, values: ValuesOf<Table[Code]>): Said => ({
    text: english[code](values as never),
    words: { code, values: values as EventWords["values"] },
  });
}

const grouped = (count: number) => count.toLocaleString("en");
const plural = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
const mw = (powerW: number) => `${(powerW / 1e6).toFixed(1)} MW`;

/** Everything that happens in the twin, in English. What was lost is told the same way when it is repaired. */
const ENGLISH = {
  "job-started": ({ gpus, racks }: { gpus: number; racks: number }) => `started on ${grouped(gpus)} GPUs in ${racks} racks`,
  "job-restarted": ({ gpus, racks }: { gpus: number; racks: number }) => `starts again on ${grouped(gpus)} GPUs in ${racks} racks`,
  "job-waiting": ({ gpus }: { gpus: number }) => `waits for ${grouped(gpus)} GPUs`,
  "job-ended": ({ restarts }: { restarts: number }) => `done after ${plural(restarts, "restart")}`,
  "job-failed": ({ rack }: { rack: string }) => `lost ${rack}; back to its last checkpoint`,
  "outside-started": ({ gpus, racks }: { gpus: number; racks: number }) => `works on ${gpus} GPUs in ${racks} racks of the engine`,
  "outside-ended": ({ gpus, racks }: { gpus: number; racks: number }) => `has left ${gpus} GPUs in ${racks} racks of the engine`,
  "replicas-short": ({ replicas, wanted }: { replicas: number; wanted: number }) => `only ${replicas} of ${wanted} replicas found a place`,
  "submission-dropped": ({ serial, waiting }: { serial: number; waiting: number }) =>
    `submission ${serial} dropped: ${waiting} of its jobs wait already`,
  "gpus-lost": ({ gpus }: { gpus: number }) => `GPU failed, ${plural(gpus, "GPU")} out`,
  "trays-lost": ({ trays, gpus }: { trays: number; gpus: number }) => `${plural(trays, "tray")} failed, ${plural(gpus, "GPU")} out`,
  "rack-lost": () => "rack lost",
  "cdu-lost": ({ count, units }: { count: number; units: number }) => `${count} of ${plural(units, "CDU unit")} lost`,
  "pumps-lost": () => "facility water pumps stopped",
  "coolers-lost": ({ count, units }: { count: number; units: number }) => `${count} of ${plural(units, "cooler")} lost`,
  "feed-lost": () => "feed lost",
  "node-lost": ({ node, count, units }: { node: string; count: number; units: number }) =>
    `${node}: ${count} of ${plural(units, "unit")} lost`,
  "network-lost": () => "network link lost, traffic moved to another rail",
  "sensor-lost": () => "power sensor stuck",
  "heat-shutdown": ({ supplyC }: { supplyC: number }) => `racks shut down at ${supplyC.toFixed(1)} °C`,
  "heat-slow": ({ supplyC }: { supplyC: number }) => `racks slow down at ${supplyC.toFixed(1)} °C`,
  "heat-over": ({ supplyC }: { supplyC: number }) => `racks at full clock again, ${supplyC.toFixed(1)} °C`,
  overloaded: ({ load }: { load: number }) => `carries ${(load * 100).toFixed(0)} % of its rating`,
  tripped: ({ recloseS }: { recloseS: number }) => `protection tripped after sustained overload; closed again in ${recloseS / 60} min`,
  "target-set": ({ limitW, from, until }: { limitW: number; from: string; until: string }) =>
    `load target ${mw(limitW)} from ${from} until ${until}`,
  "target-open": ({ limitW, from }: { limitW: number; from: string }) => `load target ${mw(limitW)} from ${from}`,
  "target-lifted": ({ from }: { from: string }) => `load target lifted from ${from}`,
  "target-lifted-until": ({ from, until }: { from: string; until: string }) => `load target lifted from ${from} until ${until}`,
  breach: ({ drawnW, limitW }: { drawnW: number; limitW: number }) => `draws ${mw(drawnW)} against a load target of ${mw(limitW)}`,
  "breach-over": ({ drawnW }: { drawnW: number }) => `within the load target for a minute, at ${mw(drawnW)}`,
  "target-over": () => "the load target is over",
  "caps-expired": ({ count }: { count: number }) => `${count} cap lease${count === 1 ? "" : "s"} ended; fallback in force`,
  "events-lost": ({ count }: { count: number }) => `${count} older events were not read in time and are gone`,
} as const;

export type TwinWords = SaidBy<typeof ENGLISH>;
export const told = teller(ENGLISH);
