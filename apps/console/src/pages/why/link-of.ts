import type { Tone } from "../../parts/parts.tsx";

/** The links of the chain, and the people who act on it. */
export type ChainLink = "grid" | "power" | "work" | "tokens" | "accounts" | "people";

export const LINK_TONES = {
  grid: "accent",
  power: "warn",
  work: "",
  tokens: "good",
  accounts: "good",
  people: "",
} as const satisfies Readonly<Record<ChainLink, Tone>>;

/** By the first word of an entry's kind. */
const LINKS: Readonly<Record<string, ChainLink>> = {
  grid: "grid",
  power: "power",
  steering: "power",
  job: "work",
  jobs: "work",
  fleet: "work",
  gateway: "tokens",
  usage: "accounts",
  ledger: "accounts",
  books: "accounts",
  budget: "accounts",
  price: "accounts",
  statement: "accounts",
  settlement: "accounts",
  flexibility: "accounts",
  govern: "people",
};

export function linkOf(kind: string): ChainLink {
  return LINKS[kind.split(".", 1)[0]] ?? "people";
}
