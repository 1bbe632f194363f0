import type { JournalEntry } from "../../api/types.ts";
import { en, type MessageKey } from "../../i18n/en.ts";
import type { Format } from "../../i18n/format.ts";
import type { Translate } from "../../i18n/language.tsx";

/** An entry in words, where there are some for its kind; else its kind itself, which is readable. */
export function tellEntry({ kind, data = {} }: JournalEntry, t: Translate, format: Format): string {
  const number = (name: string) => (typeof data[name] === "number" ? data[name] : undefined);
  const record = (name: string) => data[name] as Readonly<Record<string, unknown>> | undefined;
  switch (kind) {
    case "grid.target.taken":
      return t("tell.taken", { limit: format.power(number("limitW")), from: String(data["from"] ?? "") });
    case "grid.target.lifted":
      return t("tell.lifted");
    case "grid.target.refused":
      return t("tell.refused");
    case "power.steering.began":
      return t("tell.began", { limit: format.power(number("envelopeW")), racks: format.number(number("racks")) });
    case "power.target.allocated":
      return t("tell.allocated", { drawn: format.power(number("drawnW")), goal: format.power(number("goalW")) });
    case "power.caps.written":
    case "power.target.caps":
      return t("tell.caps", {
        racks: format.number(number("racks")),
        from: format.power(number("fromW")),
        to: format.power(number("toW")),
      });
    case "power.target.met":
      return t("tell.met", { drawn: format.power(number("drawnW")), seconds: format.number(number("afterS")) });
    case "power.target.ended": {
      const [response, cost] = [record("response"), record("cost")];
      if (response === undefined || cost === undefined) return t("tell.ended");
      return t("tell.endedWith", {
        reduced: format.energy(response["reducedEnergyJ"] as number),
        tokens: format.compact(cost["tokensLost"] as number),
        lost: format.krw(cost["lostKrw"] as number),
      });
    }
    case "ledger.settlement.posted":
      return t("tell.settled", { krw: format.krw(largest(record("krw"))) });
    case "ledger.usage.sealed":
      return t("tell.sealed");
    case "ledger.limit.set":
      return t("tell.budget");
    case "govern.denied":
    case "gateway.denied":
      return t("tell.denied");
    case "govern.key.created":
    case "govern.key.revoked":
    case "govern.key.rotated":
    case "govern.tenant.created":
    case "govern.project.created":
    case "govern.account.created":
      return t(`tell.${kind.slice("govern.".length) as "key.created"}`);
    default: {
      const key = `told.${kind}`;
      return key in en ? t(key as MessageKey) : kind;
    }
  }
}

/** Of the postings of one entry, which come to nothing together: what was moved. */
function largest(postings: Readonly<Record<string, unknown>> | undefined): number | undefined {
  const amounts = Object.values(postings ?? {}).filter((amount) => typeof amount === "number");
  return amounts.length === 0 ? undefined : Math.max(...amounts.map(Math.abs));
}
