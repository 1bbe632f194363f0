import { userInfo } from "node:os";
import type { Principal, Role, Scope } from "@pulmu/govern";
import { accountsElsewhere, type House, type HouseOptions, openHouse } from "../../accounts/house.ts";
import { printLine, printTable, when } from "../../accounts/print.ts";
import { parseLifeMs } from "../../accounts/words.ts";
import { EXIT, type ExitCode, printJson } from "../../exit.ts";

export interface CommonOptions {
  readonly db?: string;
  readonly json?: boolean;
}

/** Whoever can write the database at this machine's command line is its operator; the journal names the login. */
export function operator(): Principal {
  return { id: `operator:${userInfo().username}`, grants: [{ role: "operator", tenantId: undefined }] };
}

/** Opens the database, does the work, closes it. */
export async function withHouse(options: HouseOptions, work: (house: House, by: Principal) => Promise<ExitCode | void>): Promise<ExitCode> {
  const house = await openHouse(options);
  const isNamed = options.db !== undefined || process.env["PULMU_DATABASE"] !== undefined;
  const elsewhere = isNamed ? undefined : accountsElsewhere(house.store.place);
  if (elsewhere !== undefined)
    process.stderr.write(
      `pulmu: these are the accounts of ${house.store.place}; those of the factory that ran here last: --db ${elsewhere}\n`,
    );
  try {
    return (await work(house, operator())) ?? EXIT.ok;
  } finally {
    await house.close();
  }
}

export const listTenants = (options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ identity }, by) => {
    const tenants = await identity.tenants(by);
    if (options.json) return printJson(tenants);
    const rows = tenants.map((tenant) => [tenant.id, tenant.name, tenant.state, when(tenant.createdMs)]);
    printTable(
      [{ title: "TENANT" }, { title: "NAME" }, { title: "STATE" }, { title: "SINCE" }],
      rows,
      "no tenants yet: pulmu tenant create ID --name NAME",
    );
  });

export const createTenant = (id: string, options: CommonOptions & { readonly name?: string }): Promise<ExitCode> =>
  withHouse(options, async ({ identity }, by) => {
    const tenant = await identity.createTenant(by, id, options.name ?? id);
    if (options.json) return printJson(tenant);
    printLine(`Tenant ${tenant.id} created. Next: pulmu project create ${tenant.id}/NAME`);
  });

export const setTenantState = (id: string, state: "active" | "suspended", options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ identity }, by) => {
    await identity.setTenantState(by, id, state);
    if (options.json) return printJson({ id, state });
    printLine(`Tenant ${id} is ${state}.`);
  });

/** A person is `person:<issuer>#<sub>`, as the journal names who signed in. */
export const changeRole = (
  change: "grant" | "withdraw",
  person: string,
  role: string,
  options: CommonOptions & { readonly tenant?: string },
): Promise<ExitCode> =>
  withHouse(options, async ({ identity }, by) => {
    if (change === "grant") await identity.grantRole(by, person, role as Role, options.tenant);
    else await identity.withdrawRole(by, person, role as Role, options.tenant);
    if (options.json) return printJson({ person, role, tenant: options.tenant ?? null, granted: change === "grant" });
    printLine(
      `${person} is ${change === "grant" ? "now" : "no longer"} ${role} ${options.tenant === undefined ? "of the whole site" : `in ${options.tenant}`}.`,
    );
  });

export const listProjects = (options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ identity }, by) => {
    const projects = await identity.projects(by);
    if (options.json) return printJson(projects);
    printTable([{ title: "PROJECT" }, { title: "NAME" }, { title: "SINCE" }], projects.map((project) => [project.id, project.name, when(project.createdMs)]), "no projects yet: pulmu project create TENANT/NAME"); // prettier-ignore
  });

export const createProject = (id: string, options: CommonOptions & { readonly name?: string }): Promise<ExitCode> =>
  withHouse(options, async ({ identity }, by) => {
    const [tenantId, name = ""] = id.split("/");
    const project = await identity.createProject(by, tenantId, name, options.name ?? name);
    if (options.json) return printJson(project);
    printLine(`Project ${project.id} created. Next: pulmu key create ${project.id}/ACCOUNT`);
  });

export const listKeys = (options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ identity, now }, by) => {
    const keys = await identity.keys(by);
    if (options.json) return printJson(keys);
    const state = (key: (typeof keys)[number]) =>
      key.revokedMs !== undefined ? "revoked" : (key.expiresMs ?? Infinity) <= now() ? "expired" : "live";
    const rows = keys.map((key) => [key.id, key.accountId, key.scopes.join(" "), state(key), when(key.expiresMs)]);
    printTable(
      [{ title: "KEY" }, { title: "ACCOUNT" }, { title: "SCOPES" }, { title: "STATE" }, { title: "EXPIRES" }],
      rows,
      "no keys yet: pulmu key create TENANT/PROJECT/ACCOUNT",
    );
  });

export interface CreateKeyOptions extends CommonOptions {
  readonly scope?: readonly string[];
  readonly expires?: string;
  readonly role?: string;
}

/** Makes the service account too, when it is new. */
export const createKey = (accountId: string, options: CreateKeyOptions): Promise<ExitCode> =>
  withHouse(options, async ({ identity, now }, by) => {
    const accounts = await identity.accounts(by);
    if (!accounts.some((account) => account.id === accountId)) {
      const slash = accountId.lastIndexOf("/");
      await identity.createAccount(
        by,
        accountId.slice(0, Math.max(0, slash)),
        accountId.slice(slash + 1),
        options.role as Role | undefined,
      );
    }
    const scopes = (options.scope ?? ["inference"]) as Scope[];
    const expiresMs = options.expires === undefined ? undefined : now() + parseLifeMs(options.expires);
    const made = await identity.createKey(by, { accountId, scopes, ...(expiresMs === undefined ? {} : { expiresMs }) });
    showKey(made, options, "Key");
  });

export const rotateKey = (id: string, options: CommonOptions & { readonly grace: string }): Promise<ExitCode> =>
  withHouse(options, async ({ identity }, by) => {
    const made = await identity.rotateKey(by, id, parseLifeMs(options.grace));
    showKey(made, options, `${id} ends in ${options.grace}; its successor`);
  });

export const revokeKey = (id: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ identity }, by) => {
    await identity.revokeKey(by, id);
    if (options.json) return printJson({ id, revoked: true });
    printLine(`Key ${id} is revoked.`);
  });

function showKey(made: { readonly key: { readonly id: string }; readonly text: string }, options: CommonOptions, what: string): void {
  if (options.json) return printJson(made);
  printLine(`${what} ${made.key.id} (this is the only time it is shown):\n\n  ${made.text}\n`);
}
