import { policySetTextToParts, policyToJson, preparsePolicySet, statefulIsAuthorized } from "@cedar-policy/cedar-wasm/nodejs";
import { PulmuError } from "@pulmu/units";
import type { Decision, Flow, Policy } from "./policy.ts";

/** What holds where nobody wrote policies: every tenant may use every model, and a request that asks to stay in a country stays there. */
export const DEFAULT_POLICIES = `
@id("every-tenant-every-model")
permit (principal, action == Action::"infer", resource);

@id("asked-residency")
forbid (principal, action == Action::"infer", resource)
when { context.residency != "" && context.residency != context.jurisdiction };
`;

/** Decisions remembered, so that the engine is asked once for each kind of request; beyond, all are forgotten. */
const MAX_REMEMBERED = 10_000;

/**
 * Policies in Cedar (https://docs.cedarpolicy.com): the principal is a `Tenant`, the action `infer`, the resource a `Model`; the context
 * has `project`, `key`, `site`, `jurisdiction`, `dataClass` and `residency`. What no rule permits is forbidden. A rule's name is its `@id`.
 */
export class CedarPolicy implements Policy {
  readonly #set: string;
  readonly #names: ReadonlyMap<string, string>;
  readonly #remembered = new Map<string, Decision>();
  static #sets = 0;

  /** @throws PulmuError `policy.cedar` with what the engine says of the text */
  constructor(text: string, file?: string) {
    const parts = policySetTextToParts(text);
    if (parts.type === "failure") throw refused(parts.errors, file);
    const names = parts.policies.map((policy, i) => {
      const json = policyToJson(policy);
      return (json.type === "success" ? json.json.annotations?.["id"] : undefined) ?? `rule-${i + 1}`;
    });
    this.#names = new Map(names.map((name, i) => [`p${i}`, name]));
    this.#set = `pulmu-${++CedarPolicy.#sets}`;
    const staticPolicies = Object.fromEntries(parts.policies.map((policy, i) => [`p${i}`, policy]));
    const ready = preparsePolicySet(this.#set, { staticPolicies });
    if (ready.type === "failure") throw refused(ready.errors, file);
  }

  /** What the policies are called, in the order of the text. */
  get names(): readonly string[] {
    return [...this.#names.values()];
  }

  decide(flow: Flow): Decision {
    const key = Object.values(flow).join("\n");
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const decision = this.#ask(flow);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, decision);
    return decision;
  }

  #ask({ tenantId, projectId, keyId, modelId, site, jurisdiction, dataClass, residency }: Flow): Decision {
    const answer = statefulIsAuthorized({
      principal: { type: "Tenant", id: tenantId },
      action: { type: "Action", id: "infer" },
      resource: { type: "Model", id: modelId },
      context: { project: projectId, key: keyId, site, jurisdiction, dataClass, residency },
      preparsedPolicySetId: this.#set,
      entities: [],
    });
    if (answer.type === "failure") return { allowed: false, rules: [] };
    const { decision, diagnostics } = answer.response;
    // A rule that cannot be evaluated might have forbidden it.
    if (diagnostics.errors.length > 0) return { allowed: false, rules: diagnostics.errors.map(({ policyId }) => this.#nameOf(policyId)) };
    return { allowed: decision === "allow", rules: diagnostics.reason.map((id) => this.#nameOf(id)) };
  }

  #nameOf(id: string): string {
    return this.#names.get(id) ?? id;
  }
}

function refused(errors: readonly { readonly message: string }[], file: string | undefined): PulmuError {
  return new PulmuError(
    errors.map(({ message }) => ({
      code: "policy.cedar",
      rule: message,
      hint: "https://docs.cedarpolicy.com/policies/syntax-policy.html",
      ...(file === undefined ? {} : { file }),
    })),
  );
}
