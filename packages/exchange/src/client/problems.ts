import { PulmuError, type Problem } from "@pulmu/units";
import type { BrokerAddress } from "./address.ts";
import { reason } from "./oauth.ts";

/** Return codes of CONNACK: MQTT 3.1.1, 3.2.2.3. */
const CONNACK = { protocol: 1, clientId: 2, unavailable: 3, badLogin: 4, notAuthorised: 5 } as const;

export function refusesLogin(error: Error): boolean {
  const { code } = error as { code?: number | string };
  return code === CONNACK.badLogin || code === CONNACK.notAuthorised;
}

/** What a failed connection means, and what to do about it. */
export function connectionProblem(error: Error, { shown }: BrokerAddress, clientId: string): PulmuError {
  return new PulmuError({ value: shown, ...explain(error, clientId) });
}

function explain(error: Error, clientId: string): Problem {
  const { code } = error as { code?: number | string };
  if (refusesLogin(error)) {
    return {
      code: "exchange.not-authorised",
      rule: `the broker does not let ${clientId} in`,
      hint: "check user and password, token, or certificate",
    };
  }
  if (code === CONNACK.clientId) return { code: "exchange.refused", rule: `the broker does not accept the client id ${clientId}` };
  if (code === CONNACK.protocol) return { code: "exchange.refused", rule: "the broker does not speak MQTT 3.1.1" };
  if (code === CONNACK.unavailable) return { code: "exchange.refused", rule: "the broker says that it is not available" };
  if (typeof code === "string" && /CERT|SSL|TLS|SELF_SIGNED|ALTNAME|UNABLE_TO/.test(code)) {
    return { code: "exchange.tls", rule: `no trust between us and the broker: ${error.message}`, hint: "name its authority's certificate" };
  }
  if (code === "ECONNREFUSED") return { code: "exchange.unreachable", rule: "nothing listens there", hint: "is the broker running?" };
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return { code: "exchange.unreachable", rule: "no host has this name" };
  return { code: "exchange.unreachable", rule: `no connection: ${reason(error)}` };
}
