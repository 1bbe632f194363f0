import type { Problem } from "@pulmu/units";
import { compactVerify, CompactSign, decodeProtectedHeader, type CompactJWSHeaderParameters } from "jose";
import type { FlexEvent } from "../contracts/flex.ts";
import type { SigningKey } from "./signing-key.ts";
import type { Trust } from "./trust.ts";

/** What of the envelope our own signatures cover. DSX Flex signs `data` only: without this, the same data would pass in a new envelope. */
type Bound = Pick<FlexEvent, "id" | "source" | "type" | "time" | "correlationid">;

/** Header parameter that holds it. Others ignore what they do not know (RFC 7515, 4). */
const BOUND = "cloudevent";
const BOUND_FIELDS = ["id", "source", "type", "time", "correlationid"] as const;

/** Signs the data of an event, and with it what makes the event this one. */
export async function signData(data: unknown, envelope: Bound, { key, kid, alg }: SigningKey): Promise<string> {
  const bound = Object.fromEntries(BOUND_FIELDS.map((field) => [field, envelope[field]]));
  return new CompactSign(Buffer.from(JSON.stringify(data))).setProtectedHeader({ alg, kid, [BOUND]: bound }).sign(key);
}

export type Verified =
  | { readonly ok: true; readonly payload: Uint8Array; readonly kid: string; /** The envelope is signed too. */ readonly bound: boolean }
  | { readonly ok: false; readonly problem: Problem };

/** Verifies the data of an event against the keys of its source. */
export async function verifyData(jws: string, envelope: Bound, trust: Trust): Promise<Verified> {
  let header: CompactJWSHeaderParameters;
  try {
    header = decodeProtectedHeader(jws) as CompactJWSHeaderParameters;
  } catch {
    return refuse("signing.header", "the JWS has no readable header");
  }
  const { kid } = header;
  if (typeof kid !== "string" || kid === "") return refuse("signing.no-kid", "the JWS must name its key: kid", undefined);
  if (!trust.knows(envelope.source)) {
    return refuse("signing.unknown-source", "no keys of this source are known", envelope.source, "name its JWKS among the trusted sources");
  }
  const found = await trust.find(envelope.source, kid);
  if (found === undefined) return refuse("signing.unknown-key", `${envelope.source} has no key of this kid`, kid);
  try {
    const { payload } = await compactVerify(jws, found.key, { algorithms: [found.alg] });
    const bound = header[BOUND] as Bound | undefined;
    if (bound === undefined) return { ok: true, payload, kid, bound: false };
    const changed = BOUND_FIELDS.find((field) => bound?.[field] !== envelope[field]);
    if (changed === undefined) return { ok: true, payload, kid, bound: true };
    return refuse("signing.envelope-changed", `${changed} is not what was signed`, String(envelope[changed]));
  } catch {
    return refuse("signing.bad-signature", "the signature is not that of this key over this data", kid);
  }
}

function refuse(code: string, rule: string, value?: string, hint?: string): Verified {
  return { ok: false, problem: { code, path: "data", rule, ...(value !== undefined && { value }), ...(hint !== undefined && { hint }) } };
}
