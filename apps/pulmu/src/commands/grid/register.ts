import { parseQuantity, PulmuError } from "@pulmu/units";
import { InvalidArgumentError, type Command } from "commander";
import { addBrokerLogin, type Registration } from "../exchange/register.ts";

/** `pulmu grid …`: the grid's side of DSX Flex. */
export function addGrid(program: Command, { finish, addExamples }: Registration): void {
  const grid = program
    .command("grid")
    .summary("set load targets as the grid does, and follow how they are kept")
    .helpCommand(false)
    .description("Speaks for the grid on a DSX Exchange bus: sets load targets, signed, and hears what becomes of them.");

  const target = addGridOptions(
    grid
      .command("target")
      .summary("ask the factory to draw no more than this")
      .description(
        "Publishes a signed load target and waits until the factory's agent says that it has it: exit code 0. Nobody confirms it: exit code 1. " +
          "A target limits the power of the feeds it names together; of all, when it names none. Then shows the ramp, the response, the cost in " +
          "tokens and won, and the settlement; Ctrl-C leaves, and the target stays.",
      )
      .argument("<power>", 'such as 45MW or "45 MW"', quantity("power"))
      .option("--from <time>", "18:00 (site's time), 2027-08-04T18:00+09:00, or +10min (default: now)")
      .option("--for <time>", "how long, such as 30m", quantity("duration"))
      .option("--until <time>", "when it ends; without it and --for, when another replaces it")
      .option("--best-effort", "only as far as no work must be stopped")
      .option("--follow", "show what comes of it until it is over (default on a terminal, where the factory runs here)")
      .option("--no-follow", "leave once it is confirmed")
      .option("--api <address>", "API of the factory, http://127.0.0.1:8117 (default: that of the factory that runs here)"),
  ).action(async (power, options) => finish(await (await import("./target.ts")).setTarget(power, options)));
  addExamples(target, [
    ["pulmu grid target 32MW --for 90s", "try it on `pulmu up`: two minutes from asking to the settlement"],
    ["pulmu grid target 45MW --from 18:00 --for 30m --no-follow", "half an hour this evening"],
    ["pulmu grid target 20MW --feed main-a --for 1h --watch", "one feed, from now, and follow it"],
    ["pulmu grid target 45MW --bus mqtts://bus.example.com --as kpx --signing-key kpx.private.json", "on another's bus, in another name"],
  ]);

  const quote = grid
    .command("quote")
    .summary("what would drawing less cost, and can it be done?")
    .description(
      "Asks the allocator of the factory that runs here what it would do with less: the cost step by step, in tokens and won, by tenant and class. " +
        "Where none runs, or for another moment or site, its twin is run up to it. Exit code 0: it can be done. 1: it cannot.",
    )
    .argument("<power>", "less than is drawn then, such as 10MW", quantity("power"))
    .requiredOption("--for <time>", "how long, such as 30m", quantity("duration"))
    .option("--at <time>", "18:00 (site's time), 2027-08-04T18:00+09:00, or +10min", "now")
    .option("--site <file>", "ask the twin of this site file (default, where no factory runs: sites/gak-sejong.yaml)")
    .option("--phase <id>", "phase of the site (default: its first)")
    .option("--api <address>", "API of the factory (default: that of the factory that runs here)")
    .option("--bus-home <dir>", "directory by which that factory is known", ".pulmu/exchange")
    .option("--feed <tag>", "feed that is to draw less (default: all together)")
    .option("--batteries", "count on the batteries too")
    .option("--synthetic", "requests from fits instead of published traces")
    .option("--json", "print as JSON")
    .action(async (power, options) => finish(await (await import("./quote.ts")).quoteReduction(power, options)));
  addExamples(quote, [
    ["pulmu grid quote 5MW --for 30m", "what half an hour would cost the factory that runs here, now"],
    ["pulmu grid quote 10MW --for 30m --at 18:00", "before accepting half an hour this evening"],
  ]);

  const clear = addGridOptions(
    grid
      .command("clear")
      .summary("take back what limits the factory now")
      .description("Publishes a load target without a constraint: the feeds return to their default."),
  ).action(async (options) => finish(await (await import("./target.ts")).clearTarget(options)));
  addExamples(clear, [["pulmu grid clear", "all feeds, from now on"]]);

  const watch = addGridOptions(
    grid
      .command("watch")
      .summary("follow the power states and breaches that agents tell of")
      .description("Prints each power state and breach alert until Ctrl-C."),
  ).action(async (options) => finish(await (await import("./watch.ts")).watchGrid(options)));
  addExamples(watch, [["pulmu grid watch", "what the factory tells the grid"]]);

  const events = addBridgeOptions(
    grid
      .command("events")
      .summary("what the grid has asked, and what came of it; with a file, carry its events to the factory")
      .description(
        "Without a file: lists the load targets that the factory that runs here was given, with response, cost and settlement. With one: reads demand-response events from a CSV file (start,end,limit) or a calendar (ICS), sets the load targets they ask for together, and follows " +
          "the file: what is added, changed or taken out is sent as it happens.",
      )
      .argument("[file]", "CSV or ICS file")
      .option("--api <address>", "API of the factory (default: that of the factory that runs here)"),
  ).action(async (file, options) =>
    finish(
      file === undefined
        ? await (await import("./events.ts")).listEvents(options)
        : await (await import("./bridge.ts")).bridgeFile(file, options),
    ),
  );
  addExamples(events, [
    ["pulmu grid events", "all that was asked since the factory was started"],
    ["pulmu grid events summer.ics", "a season of calls, from a calendar"],
  ]);

  const event = addFactory(
    grid
      .command("event")
      .summary("one load target: the ramp, the response, the cost and the settlement")
      .description("Shows a load target of the factory that runs here until it is over; one that is over, as it was.")
      .argument("<name>", "its trace, correlation id or id, as `pulmu grid events` lists them"),
  ).action(async (name, options) => finish(await (await import("./events.ts")).showEvent(name, options)));
  addExamples(event, [["pulmu grid event 3a2d09502313490da442ea83a4a39eb7", "by its trace"]]);

  const why = program
    .command("why")
    .summary("the chain behind a trace, from the grid's message to the accounts")
    .description("Reads from the journal every entry under a trace: what was asked, allocated, written, measured, lost and booked.")
    .argument("<trace>", "32 hex digits, or a W3C traceparent")
    .option("--db <address>", "SQLite file or postgres://… (default: that of the factory that runs here)")
    .option("--bus-home <dir>", "directory by which that factory is known", ".pulmu/exchange")
    .option("--json", "print as JSON")
    .action(async (trace, options) => finish(await (await import("./why.ts")).why(trace, options)));
  addExamples(why, [["pulmu why 3a2d09502313490da442ea83a4a39eb7", "where a grid event's watts and won went"]]);

  const openadr = addBridgeOptions(
    grid
      .command("openadr")
      .summary("carry the events of an OpenADR 3 VTN to the factory, and report back")
      .description(
        "Polls a VTN of OpenADR 3 (3.0.1, 3.1.1) and sets the load targets that its events ask for: CONSUMPTION_POWER_LIMIT and " +
          "IMPORT_CAPACITY_LIMIT as they are, SIMPLE levels and prices as you say what they mean. Answers the reports that events ask for.",
      )
      .argument("<vtn>", "address of the VTN, such as https://vtn.example.com/openadr3/3.0.1")
      .option("--program <id...>", "programs to follow (default: all that the VTN shows)")
      .option("--vtn-client <id>", "OAuth 2 client id at the VTN")
      .option("--vtn-secret-file <file>", "file with its secret")
      .option("--vtn-token-url <url>", "where its tokens come from (default: auth/token of the VTN)")
      .option("--name <name>", "our name at the VTN", "pulmu")
      .option("--simple <limits>", "what SIMPLE levels 1, 2 and 3 mean: 50MW,40MW,20MW", threePowers)
      .option("--price-from <price>", "from this price on, in the event's own unit …", price)
      .option("--price-limit <power>", "… draw no more than this", quantity("power")),
  ).action(async (vtn, options) => finish(await (await import("./bridge.ts")).bridgeOpenAdr(vtn, options)));
  addExamples(openadr, [
    ["pulmu grid openadr https://vtn.example.com/openadr3/3.0.1 --program p1 --vtn-client pulmu --vtn-secret-file secret.txt", "limits"],
    ["pulmu grid openadr http://127.0.0.1:8081/openadr3/3.0.1 --simple 50MW,40MW,20MW", "levels"],
  ]);
  addExamples(grid, [["pulmu grid target 45MW --from 18:00 --for 30m", "ask for half an hour of 45 MW"]]);
}

function addGridOptions(command: Command): Command {
  return addBrokerLogin(
    command
      .option("--bus <address>", "broker, mqtt://host:1883 (default: that of the factory that runs here)")
      .option("--feed <tag...>", "feeds that it is for (default: all)")
      .option("--as <name>", "name of the grid side, as the factory trusts it", "local")
      .option("--signing-key <file>", "private JWK to sign with (default: the one in --bus-home)")
      .option("--bus-home <dir>", "directory with keys and trusted sources", ".pulmu/exchange")
      .option("--watch", "go on printing power states until Ctrl-C")
      .option("--json", "print as JSON"),
  );
}

/** Which running factory is asked. */
function addFactory(command: Command): Command {
  return command
    .option("--api <address>", "API of the factory, http://127.0.0.1:8117 (default: that of the factory that runs here)")
    .option("--bus-home <dir>", "directory by which that factory is known", ".pulmu/exchange")
    .option("--json", "print as JSON");
}

function addBridgeOptions(command: Command): Command {
  return addGridOptions(command)
    .option("--every <time>", "how often to look", quantity("duration"), 30)
    .option("--once", "look once, send, and end");
}

function threePowers(text: string): readonly number[] {
  const powers = text.split(",").map(quantity("power"));
  if (powers.length !== 3) throw new InvalidArgumentError("It is three powers: 50MW,40MW,20MW.");
  return powers;
}

function price(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0)) throw new InvalidArgumentError("It is a number of 0 or more.");
  return value;
}

function quantity(kind: "power" | "duration"): (text: string) => number {
  return (text) => {
    try {
      return parseQuantity(text, kind);
    } catch (error) {
      throw error instanceof PulmuError ? new InvalidArgumentError(error.message) : error;
    }
  };
}
