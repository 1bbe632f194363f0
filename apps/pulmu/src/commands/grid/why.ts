import { readTrace, traceIdOf, type Entry, type Json } from "@pulmu/journal";
import { formatPower, PulmuError } from "@pulmu/units";
import { openHouse } from "../../accounts/house.ts";
import { EXIT, printJson, type ExitCode } from "../../exit.ts";
import { count, grouped, localTime } from "../../terminal/format.ts";
import { createStyle, layout, wantsColour } from "../../terminal/style.ts";
import { knownFactory, type FactoryPlace } from "./factory-api.ts";

export interface WhyOptions extends FactoryPlace {
  readonly db?: string;
  readonly json?: boolean;
}

const MAX_ENTRIES = 500;
const WIDTH = 110;

/**
 * `pulmu why TRACE`: the chain behind a trace as the journal has it, from the message that began it to the accounts.
 * @throws PulmuError `grid.trace`, `grid.factory`, `store.*`
 */
export async function why(text: string, { db, json, ...place }: WhyOptions): Promise<ExitCode> {
  const trace = traceIdOf(text);
  if (trace === undefined)
    throw new PulmuError({
      code: "grid.trace",
      value: text,
      rule: "a trace is 32 hex digits, or a W3C traceparent",
      hint: "pulmu grid events lists them",
    });
  const [entries, utcOffsetMin] = db === undefined ? await askFactory(trace, place) : await askDatabase(trace, db);
  if (json) printJson(entries);
  else process.stdout.write(whyText(trace, entries, utcOffsetMin));
  return entries.length > 0 ? EXIT.ok : EXIT.failed;
}

type Asked = readonly [entries: readonly Entry[], utcOffsetMin: number];

async function askFactory(trace: string, place: FactoryPlace): Promise<Asked> {
  const api = knownFactory(place);
  const answer = await api.get<{ readonly entries: readonly Entry[] }>(`/api/why?trace=${trace}`);
  return [answer?.entries ?? [], api.utcOffsetMin];
}

async function askDatabase(trace: string, db: string): Promise<Asked> {
  const house = await openHouse({ db });
  try {
    return [await readTrace(house.store, trace, MAX_ENTRIES), house.calendar.utcOffsetMin];
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
      const kWh = (name: string) => `${grouped(num(name, response) / 3.6e6)} kWh`;
      return `${response["met"] === true ? "met" : "NOT met"}: ${kWh("reducedEnergyJ")} less, of ${kWh("askedEnergyJ")} asked; cost ${count(num("tokensLost", cost))} tokens, ${grouped(num("lostKrw", cost))} KRW`;
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
