import { readTrace, traceIdOf, type Entry, type Json } from "@pulmu/journal";
import { formatEnergy, formatPower, PulmuError } from "@pulmu/units";
import { BusHome } from "../../bus/bus-home.ts";
import { openHouse } from "../../accounts/house.ts";
import { EXIT, printJson, type ExitCode } from "../../exit.ts";
import { count, grouped, localTime } from "../../terminal/format.ts";
import { createStyle, layout, wantsColour } from "../../terminal/style.ts";

export interface WhyOptions {
  /** Left out: that of the factory that was started last with `busHome`. */
  readonly db?: string;
  readonly busHome: string;
  readonly json?: boolean;
}

const MAX_ENTRIES = 500;
const WIDTH = 110;

/**
 * `pulmu why TRACE`: the chain behind a trace as the journal has it, from the message that began it to the accounts.
 * @throws PulmuError `grid.trace`, `grid.journal`, `store.*`
 */
export async function why(text: string, { db, json, busHome }: WhyOptions): Promise<ExitCode> {
  const trace = traceIdOf(text);
  if (trace === undefined)
    throw new PulmuError({
      code: "grid.trace",
      value: text,
      rule: "a trace is 32 hex digits, or a W3C traceparent",
      hint: "pulmu grid events lists them",
    });
  const place = db ?? new BusHome(busHome).running()?.journal;
  if (place === undefined)
    throw new PulmuError({
      code: "grid.journal",
      path: "--db",
      rule: "no factory is known to run here",
      hint: "name the database with its journal",
    });
  const house = await openHouse({ db: place });
  try {
    const entries = await readTrace(house.store, trace, MAX_ENTRIES);
    if (json) printJson(entries);
    else process.stdout.write(whyText(trace, entries, house.calendar.utcOffsetMin));
    return entries.length > 0 ? EXIT.ok : EXIT.failed;
  } finally {
    await house.close();
  }
}

function whyText(trace: string, entries: readonly Entry[], utcOffsetMin: number): string {
  if (entries.length === 0) return `the journal has nothing under ${trace}\n`;
  const style = createStyle(wantsColour(process.stdout, process.env));
  const width = Math.min(process.stdout.columns ?? WIDTH, 140);
  const lines = entries.map((entry, i) => {
    const joint = entries.length === 1 ? "─" : i === 0 ? "┌" : i === entries.length - 1 ? "└" : "├";
    const head = layout(
      [
        [` ${joint} `, style.dim],
        [localTime(entry.atMs, utcOffsetMin).slice(11), style.dim],
        [`  ${entry.kind.padEnd(24)}`, style.sky],
        [` ${told(entry)}`],
      ],
      width,
    );
    return `${head.trimEnd()}\n`;
  });
  return `${lines.join("")}   ${style.dim(`${entries.length} entries of the journal, ${entries[0].seq} to ${entries[entries.length - 1].seq}, under trace ${trace}`)}\n`;
}

/** What an entry tells, in words; what it is not known how to tell, as it is. */
function told({ kind, data = {}, actor, subject }: Entry): string {
  const num = (name: string, of: Fields = data) => Number(of[name] ?? NaN);
  const power = (name: string) => formatPower(num(name));
  switch (kind) {
    case "grid.target.taken":
      return `${actor} asks ${subject} to draw no more than ${power("limitW")}${data["repaired"] === undefined ? "" : `, ${String(data["repaired"])}`}`;
    case "grid.target.lifted":
      return `${actor} takes back what it asked of ${subject}`;
    case "power.target.allocated": {
      const expected = record(data["expected"]);
      const cost =
        expected === undefined
          ? ""
          : `; expected to cost ${count(num("tokensLost", expected))} tokens, ${grouped(num("lostKrw", expected))} KRW`;
      return `${power("drawnW")} are drawn, ${power("goalW")} may be${cost}`;
    }
    case "power.target.resumed":
      return `another process steers from here: ${power("drawnW")} are drawn, ${power("goalW")} may be`;
    case "power.target.met":
      return `draws ${power("drawnW")}, within the target after ${num("afterS").toFixed(0)} s of ${num("allowedS").toFixed(0)} s allowed`;
    case "power.caps.written": {
      const works = Array.isArray(data["works"]) ? data["works"].map(record).filter((work) => work !== undefined) : [];
      const named = works.slice(0, 3).map((work) => `${String(work["id"])} ${formatPower(num("fromW", work) - num("toW", work))}`);
      return `${grouped(num("writes"))} caps lowered on ${grouped(num("racks"))} racks, ${power("fromW")} → ${power("toW")}: ${named.join(", ")}${works.length > 3 ? " …" : ""}`;
    }
    case "power.target.ended": {
      const [response, cost] = [record(data["response"]), record(data["cost"])];
      if (response === undefined || cost === undefined) return String(data["reason"] ?? "over");
      const energy = (name: string) => formatEnergy(num(name, response));
      return `${response["met"] === true ? "met" : "NOT met"}: ${energy("reducedEnergyJ")} less, of ${energy("askedEnergyJ")} asked; cost ${count(num("tokensLost", cost))} tokens, ${grouped(num("lostKrw", cost))} KRW`;
    }
    case "ledger.settlement.posted": {
      const krw = record(data["krw"]) ?? {};
      return `${String(data["memo"])}: ${Object.entries(krw)
        .map(([account, amount]) => `${account} ${grouped(Number(amount))}`)
        .join(", ")}`;
    }
    default:
      return `${subject} ${JSON.stringify(data)}`;
  }
}

type Fields = { readonly [name: string]: Json };

function record(value: Json | undefined): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}
