import { PulmuError } from "@pulmu/units";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

export interface OidcProvider {
  /** As in the token's `iss`: https://idp.example/realms/site. */
  readonly issuer: string;
  /** This program's client id: must be in the token's `aud`. */
  readonly audience: string;
  /** Where the keys are; by default asked from the issuer's discovery document (OpenID Connect Discovery 1.0 §4). */
  readonly jwksUri?: string;
}

/** Who the provider says it is. */
export interface Person {
  /** `person:<issuer>#<sub>`: the pair that never changes, unlike a mail address. */
  readonly id: string;
  readonly name: string;
}

/** Asymmetric algorithms only: `none` and secrets shared with the provider are not accepted. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const CLOCK_TOLERANCE_S = 60;
const DEADLINE_MS = 5_000;

/**
 * Checks ID tokens of one provider: signature, issuer, audience, times.
 * @throws PulmuError `oidc.provider` when the provider does not answer, from the returned function also `oidc.token`
 */
export async function openOidc(provider: OidcProvider): Promise<(token: string, nowMs: number) => Promise<Person>> {
  const keys = createRemoteJWKSet(new URL(provider.jwksUri ?? (await discover(provider.issuer))), { timeoutDuration: DEADLINE_MS });
  return async (token, nowMs) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: provider.issuer,
        audience: provider.audience,
        algorithms: ALGORITHMS,
        requiredClaims: ["sub", "exp", "iat"],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(nowMs),
      });
      const name = payload["name"] ?? payload["email"] ?? payload.sub;
      return { id: `person:${provider.issuer}#${payload.sub}`, name: String(name) };
    } catch (error) {
      if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) throw unreachable(provider.issuer, error as Error);
      throw new PulmuError({
        code: "oidc.token",
        value: error.code,
        rule: `the sign-in is not valid: ${error.message}`,
        hint: "sign in again",
      });
    }
  };
}

async function discover(issuer: string): Promise<string> {
  try {
    const response = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const document = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
    if (document.issuer !== issuer || typeof document.jwks_uri !== "string") throw new Error(`it calls itself ${String(document.issuer)}`);
    return document.jwks_uri;
  } catch (error) {
    throw unreachable(issuer, error as Error);
  }
}

function unreachable(issuer: string, error: Error): PulmuError {
  return new PulmuError({
    code: "oidc.provider",
    value: issuer,
    rule: `the identity provider cannot be used: ${error.message}`,
    hint: "check its address and that it runs",
  });
}
