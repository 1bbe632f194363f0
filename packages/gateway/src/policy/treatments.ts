import { appendEntries, type Store } from "@pulmu/journal";
import type { Principal } from "@pulmu/govern";
import { PulmuError } from "@pulmu/units";
import { SERVICE_CLASSES, type ServiceClass } from "../admission/capacity.ts";
import { PII_ACTIONS, type PiiAction } from "./pii/guard.ts";

export const TREATED = ["site", "tenant", "project", "key"] as const;

/** How work of somebody is treated; what is not said is as it is for whom it belongs to. */
export interface Treatment {
  /** Whose work gives way when there is not enough. */
  readonly serviceClass?: ServiceClass;
  /** What happens to personal data in requests. */
  readonly pii?: PiiAction;
}

export interface KeptTreatment extends Treatment {
  readonly scope: (typeof TREATED)[number];
  /** `snu`, `snu/genomics`, a key's id; "" for the site. */
  readonly scopeId: string;
}

/** How each key's, project's and tenant's requests are treated, in the database: every gateway on it does so within a second of a change. */
export class Treatments {
  readonly #store: Store;
  readonly #now: () => number;
  #kept: ReadonlyMap<string, KeptTreatment> = new Map();

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Takes in what was changed. @throws PulmuError `store.*` */
  async refresh(): Promise<void> {
    this.#kept = new Map((await this.list()).map((one) => [nameOf(one), one]));
  }

  /** The narrowest that says it, as of the last refresh. Three look-ups. */
  of<Name extends keyof Treatment>(name: Name, { keyId, projectId, tenantId }: Principal): Treatment[Name] | undefined {
    const kept = this.#kept;
    if (kept.size === 0) return undefined;
    return (
      kept.get(`key:${keyId}`)?.[name] ??
      kept.get(`project:${projectId}`)?.[name] ??
      kept.get(`tenant:${tenantId}`)?.[name] ??
      kept.get("site:")?.[name]
    );
  }

  async list(): Promise<KeptTreatment[]> {
    const rows = await this.#store.query<{ body: string }>("select body from gateway_treatments order by name");
    return rows.map(({ body }) => JSON.parse(body) as KeptTreatment);
  }

  /** Sets how somebody is treated, in place of what was set before. @throws PulmuError `treatment.value` */
  async set(treatment: KeptTreatment, by: string): Promise<void> {
    check(treatment);
    const name = nameOf(treatment);
    const { serviceClass = null, pii = null } = treatment;
    await this.#store.transaction(async (tx) => {
      const values = [name, JSON.stringify(treatment)];
      await tx.run(
        "insert into gateway_treatments (name, body) values ($1, $2) on conflict (name) do update set body = excluded.body",
        values,
      );
      await tx.run("update gateway_version set n = n + 1");
      await appendEntries(tx, [{ kind: "gateway.treated", actor: by, subject: name, data: { serviceClass, pii } }], this.#now());
    });
  }

  /** @throws PulmuError `treatment.unknown` */
  async remove(whom: Pick<KeptTreatment, "scope" | "scopeId">, by: string): Promise<void> {
    const name = nameOf(whom);
    await this.#store.transaction(async (tx) => {
      if ((await tx.run("delete from gateway_treatments where name = $1", [name])) === 0)
        throw new PulmuError({ code: "treatment.unknown", value: name, rule: "nothing was set for it", hint: "pulmu policy list" });
      await tx.run("update gateway_version set n = n + 1");
      await appendEntries(
        tx,
        [{ kind: "gateway.treated", actor: by, subject: name, data: { serviceClass: null, pii: null } }],
        this.#now(),
      );
    });
  }
}

function nameOf({ scope, scopeId }: Pick<KeptTreatment, "scope" | "scopeId">): string {
  return `${scope}:${scopeId}`;
}

function check({ scope, scopeId, serviceClass, pii }: KeptTreatment): void {
  const wrong = (path: string, value: unknown, rule: string, hint?: string) => ({ code: "treatment.value", path, value: String(value), rule, ...(hint !== undefined && { hint }) }); // prettier-ignore
  const problems = [
    ...(TREATED.includes(scope) && (scopeId === "") === (scope === "site")
      ? []
      : [
          wrong(
            "whom",
            `${scope}:${scopeId}`,
            `one of ${TREATED.join(", ")}, a colon and a name`,
            "such as tenant:snu, or site: for everybody",
          ),
        ]),
    ...(serviceClass === undefined || SERVICE_CLASSES.includes(serviceClass)
      ? []
      : [wrong("--class", serviceClass, `one of ${SERVICE_CLASSES.join(", ")}`)]),
    ...(pii === undefined || PII_ACTIONS.includes(pii) ? [] : [wrong("--pii", pii, `one of ${PII_ACTIONS.join(", ")}`)]),
    ...(serviceClass === undefined && pii === undefined ? [wrong("--class, --pii", "", "say at least one")] : []),
  ];
  if (problems.length > 0) throw new PulmuError(problems);
}
