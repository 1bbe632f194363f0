import { parseQuantity, PulmuError, type QuantityKind } from "@pulmu/units";
import { InvalidArgumentError, type Command } from "commander";
import type { ExitCode } from "../../exit.ts";

export interface Registration {
  readonly finish: (code: ExitCode) => void;
  readonly addExamples: (command: Command, examples: readonly (readonly [line: string, what: string])[]) => void;
}

/** `pulmu power …`: caps by hand, past any controller. */
export function addPower(program: Command, { finish, addExamples }: Registration): void {
  const power = program
    .command("power")
    .summary("read and set power caps by hand")
    .helpCommand(false)
    .description("Power caps of devices.");
  const cap = power
    .command("cap")
    .summary("what a device keeps to, and what it should")
    .helpCommand(false)
    .description("Reads and sets the power cap of the GPUs behind a BMC, or of this machine's.");

  const show = addDeviceOptions(
    cap
      .command("show")
      .summary("what a device keeps to")
      .description("Reads what the GPUs behind a BMC keep to; without an address, those of this machine (nvidia-smi).")
      .argument("[address]", "of the BMC: https://HOST"),
  ).action(async (address, options) => finish(await (await import("./cap.ts")).showCap(address, options)));
  addExamples(show, [
    ["pulmu power cap show", "the GPUs of this machine"],
    [
      "pulmu power cap show https://10.0.0.5 --bmc dgx-gb300 --user env:BMC_USER --password file:/run/secrets/bmc --ca site-ca.pem",
      "a tray",
    ],
  ]);

  const set = addDeviceOptions(
    cap
      .command("set")
      .summary("tell a device what to keep to")
      .description(
        "Sets a power cap, reads it back and tells what the device now keeps to. Exit code 1: it keeps to something else. A controller " +
          "that steers the device will set it anew.",
      )
      .argument("<power>", "for each GPU: 700 W", quantity("power"))
      .argument("[address]", "of the BMC: https://HOST")
      .option("--clock <share>", "also limit the SM clock to this share of its maximum: 80 %", quantity("ratio"), 1)
      .option("--write", "really set the GPUs of this machine (takes root)"),
  ).action(async (gpuCapW, address, options) => finish(await (await import("./cap.ts")).setCap(gpuCapW, address, options)));
  addExamples(set, [
    [
      "pulmu power cap set '1 kW' https://10.0.0.5 --bmc dgx-gb300 --user env:BMC_USER --password env:BMC_PASSWORD --ca site-ca.pem",
      "a tray",
    ],
    ["pulmu power cap set '400 W' --write", "the GPUs of this machine"],
  ]);
}

function addDeviceOptions(command: Command): Command {
  return command
    .option("--bmc <profile>", "how this model takes limits: an entry of the catalogue's `bmcs`")
    .option("--user <place>", "user of the BMC, by where it is kept: env:NAME or file:PATH")
    .option("--password <place>", "its password, by where it is kept")
    .option("--ca <file>", "authority that signed the BMC's certificate, PEM (default: those of this system)")
    .option("--certificate <file>", "the BMC's own certificate, PEM, and no other")
    .option("--plain-http", "http in the clear, to an emulated BMC on this machine")
    .option("--json", "print as JSON");
}

function quantity(kind: QuantityKind): (text: string) => number {
  return (text) => {
    try {
      return parseQuantity(text, kind);
    } catch (error) {
      if (error instanceof PulmuError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}
