import { readLimits, removeLimit, setLimit } from "@pulmu/ledger";
import { PulmuError } from "@pulmu/units";
import { digits, printLine, printTable } from "../../accounts/print.ts";
import { parseLimit } from "../../accounts/words.ts";
import { type ExitCode, printJson } from "../../exit.ts";
import { type CommonOptions, withHouse } from "./identity.ts";

const amount = (meter: string, most: bigint) => (meter === "krw" ? `${digits(most / 1_000_000n)} won` : digits(most));

export const listBudgets = (options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store }) => {
    const limits = await readLimits(store);
    if (options.json)
      return printJson(
        limits.map((limit) => ({ ...limit, most: limit.meter === "krw" ? (limit.most / 1_000_000n).toString() : limit.most.toString() })),
      );
    const rows = limits.map((limit) => [limit.id, amount(limit.meter, limit.most)]);
    printTable(
      [{ title: "BUDGET" }, { title: "AT MOST", right: true }],
      rows,
      "no budgets yet: pulmu budget set key:ID tokens/minute 100k",
    );
  });

export const setBudget = (
  target: string,
  what: string,
  most: string,
  options: CommonOptions & { readonly model?: string },
): Promise<ExitCode> =>
  withHouse(options, async ({ store, identity, calendar, now }, by) => {
    const tenantOfKey = async (id: string) => {
      const key = (await identity.keys(by)).find((row) => row.id === id);
      if (key === undefined)
        throw new PulmuError({ code: "govern.unknown", path: "key", value: id, rule: "no such key", hint: "pulmu key list shows them" });
      return key.tenantId;
    };
    const limit = await setLimit(
      store,
      calendar,
      await parseLimit(target, what, most, { model: options.model, tenantOfKey }),
      by.id,
      now(),
    );
    if (options.json) return printJson({ ...limit, most: limit.most.toString() });
    printLine(`${limit.id}: at most ${amount(limit.meter, limit.most)}. It binds every running instance within a quarter of a second.`);
  });

export const removeBudget = (id: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store, now }, by) => {
    await removeLimit(store, id, by.id, now());
    if (options.json) return printJson({ id, removed: true });
    printLine(`${id} is removed.`);
  });
