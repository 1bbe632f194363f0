import type { Reservation } from "@pulmu/jobs";
import { formatPower, parseQuantity, PulmuError } from "@pulmu/units";
import type { House } from "../../accounts/house.ts";
import { digits, printLine, printTable, when } from "../../accounts/print.ts";
import { type ExitCode, printJson } from "../../exit.ts";
import { removeReservationFor, reservationsFor, setReservationFor } from "../../jobs/work.ts";
import { type CommonOptions, withHouse } from "../accounts/identity.ts";
import { parseMoment } from "../grid/moment.ts";
import { amount } from "./amount.ts";

export interface ReserveOptions extends CommonOptions {
  readonly for?: string;
  readonly gpus?: string;
  readonly power?: string;
  readonly from?: string;
  readonly until?: string;
  readonly remove?: boolean;
}

/** Shows what is kept free, for whom and when; with a name and what to keep, keeps it; with `--remove`, no longer. */
export const reserve = (name: string | undefined, options: ReserveOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const asked = [options.for, options.gpus, options.power, options.from, options.until].some((value) => value !== undefined);
    if (options.remove === true) {
      await removeReservationFor(house, by, named(name));
      if (options.json) return printJson({ removed: true });
      return printLine(`${name} is kept no longer.`);
    }
    if (asked) await setReservationFor(house, by, reservationOf(house, named(name), options));
    const shown = (await reservationsFor(house, by)).filter(({ id }) => name === undefined || id === name);
    if (options.json) return printJson(shown.map((each) => ({ ...each })));
    printTable(
      [{ title: "NAME" }, { title: "FOR" }, { title: "FROM" }, { title: "UNTIL" }, { title: "GPUS", right: true }, { title: "POWER", right: true }], // prettier-ignore
      shown.map(({ id, groupId, fromMs, untilMs, gpus, powerW }) => [id, groupId, when(fromMs), when(untilMs), digits(Math.round(gpus)), formatPower(powerW)]), // prettier-ignore
      name === undefined ? "nothing is reserved" : `nothing is reserved as ${name}`,
    );
  });

function named(name: string | undefined): string {
  if (name !== undefined) return name;
  throw new PulmuError({ code: "quota.reservation", path: "name", rule: "which reservation?", hint: "pulmu job reserve night-run --for snu --gpus 32 --until 06:00" }); // prettier-ignore
}

function reservationOf({ now, calendar }: House, id: string, options: ReserveOptions): Reservation {
  const { for: groupId, gpus, power, from = "now", until } = options;
  if (groupId === undefined) throw new PulmuError({ code: "quota.reservation", path: "--for", rule: "for whom?", hint: "--for snu, or --for snu/genomics" }); // prettier-ignore
  if (until === undefined) throw new PulmuError({ code: "quota.reservation", path: "--until", rule: "until when?", hint: "--until 06:00" });
  const time = { nowMs: now(), utcOffsetMin: calendar.utcOffsetMin };
  const fromMs = parseMoment(from, time, "--from");
  return {
    id,
    groupId,
    fromMs,
    untilMs: parseMoment(until, { ...time, nowMs: fromMs }, "--until"),
    gpus: gpus === undefined ? 0 : amount("--gpus", gpus),
    powerW: power === undefined ? 0 : parseQuantity(power, "power"),
  };
}
