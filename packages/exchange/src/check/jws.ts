import { parseJson, type Parsed } from "../contracts/json.ts";
import { isObject } from "../contracts/shape.ts";

/** A JWS in compact form, opened but not verified. */
export interface OpenedJws {
  readonly algorithm: string;
  readonly keyId: string;
  readonly payload: Uint8Array;
}

/** Opens a JWS to look into it. Nothing here says that it is genuine. */
export function openJws(jws: string): Parsed<OpenedJws> {
  const [head, payload] = jws.split(".");
  const header = parseJson(Buffer.from(head, "base64url"));
  if (!header.ok) return refuse(header.problems[0].rule, "the header");
  if (!isObject(header.value)) return refuse("must be an object", "the header");
  const { alg, kid } = header.value;
  if (alg !== "ES256" && alg !== "RS256") return refuse("alg must be ES256 or RS256", String(alg));
  if (typeof kid !== "string" || kid === "") return refuse("kid must name the key", String(kid));
  return { ok: true, value: { algorithm: alg, keyId: kid, payload: Buffer.from(payload, "base64url") } };
}

function refuse(rule: string, value: string): Parsed<never> {
  return { ok: false, problems: [{ code: "flex.jws", path: "data", rule, value }] };
}
