import { type SaidBy, teller, type TwinWords } from "@pulmu/twin";
import { formatDuration, formatPower } from "@pulmu/units";

interface Cut {
  readonly rack: string;
  readonly limitW: number;
  readonly needW: number;
  readonly because: string;
}

/** What the program itself says while it runs, in English; what it says of errors is only text. */
const ENGLISH = {
  "site-asked": ({ limitW }: { limitW: number }) => `load target ${formatPower(limitW)} for the site`,
  "feed-asked": ({ feed, limitW }: { feed: string; limitW: number }) => `load target ${formatPower(limitW)} for ${feed}`,
  "site-free": () => "load target none for the site",
  "feed-free": ({ feed }: { feed: string }) => `load target none for ${feed}`,
  "target-exceeded": ({ loadW }: { loadW: number }) => `draws ${formatPower(loadW)}, above the load target`,
  "target-escalated": ({ loadW }: { loadW: number }) => `draws ${formatPower(loadW)}, above the load target: escalated`,
  "target-kept": ({ loadW }: { loadW: number }) => `within the load target again, at ${formatPower(loadW)}`,
  "critical-cut": ({ rack, limitW, needW, because }: Cut) =>
    `critical work is cut: ${rack} at ${formatPower(limitW)} of ${formatPower(needW)}, for ${because}`,
  "critical-cuts": ({ racks, rack, limitW, needW, because }: Cut & { readonly racks: number }) =>
    `critical work is cut on ${racks} racks, first ${rack} at ${formatPower(limitW)} of ${formatPower(needW)}, for ${because}`,
  "over-limit": ({ names }: { names: string }) => `over its limit, caps come down: ${names}`,
  "curve-repaired": ({ rackType, work, dropped }: { rackType: string; work: string; dropped: number }) =>
    `${rackType} at ${work}: the worth of power is not concave, its hull is taken (${dropped} points lie below it)`,
  "twin-behind": ({ behindS }: { behindS: number }) =>
    `The twin was ${formatDuration(behindS)} behind the wall clock; it goes on from where it was`,
  "twin-ahead": ({ aheadS }: { aheadS: number }) =>
    `The twin is ${formatDuration(aheadS)} ahead: the wall clock was set back; it goes on from where it was`,
} as const;

/** Every sentence that an event may be said in. */
export type KnownWords = TwinWords | SaidBy<typeof ENGLISH>;
export const noted = teller(ENGLISH);
