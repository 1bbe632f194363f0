import { appendEntries, type Draft, type Json, type Store, type Transaction } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { HOUSE_TENANT } from "./gatekeeper.ts";
import { checkExpiry, checkRole, checkScopes, insertKey, insertNew, mustExist, mustHaveRoom, unknownError } from "./guards.ts";
import { checkName, checkTitle, tenantOf } from "./names.ts";
import { type Action, type Grant, may, type Principal, type Role, type Scope, visibleTenants } from "./roles.ts";
import {
  accountRow,
  type AccountRow,
  type Columns,
  keyRow,
  type KeyRow,
  projectRow,
  type ProjectRow,
  roleRow,
  type RoleRow,
  tenantRow,
  type TenantRow,
} from "./rows.ts";
import { newSecret, type RandomBytes } from "./secrets.ts";

export interface NewKey {
  readonly accountId: string;
  readonly scopes: readonly Scope[];
  readonly expiresMs?: number;
}

/** Bounds on what one tenant can make, so that no tenant fills the house. */
const MAX_PROJECTS = 1_000;
const MAX_ACCOUNTS_PER_PROJECT = 1_000;
/** Rows a listing gives at most. */
const MAX_ROWS = 10_000;

/**
 * Who there is and what they may do. Every act checks the right of the one who asks and writes one entry to the journal, in the same
 * transaction; a refused act is written too. Reading shows only what the asker may see: another tenant's row looks as if it were not there.
 *
 * @throws PulmuError `govern.denied`, `govern.unknown`, `govern.exists`, `govern.name`, `govern.title`, `govern.limit`, `govern.role`, `govern.scope`, `govern.expiry`
 */
export class Identity {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #randomBytes: RandomBytes;

  constructor(store: Store, options: { readonly now: () => number; readonly randomBytes: RandomBytes }) {
    this.#store = store;
    this.#now = options.now;
    this.#randomBytes = options.randomBytes;
  }

  async createTenant(by: Principal, id: string, name: string): Promise<TenantRow> {
    checkName("tenant", id);
    const row: TenantRow = { id, name: checkTitle("name", name), state: "active", createdMs: this.#now() };
    return this.#act(
      by,
      "tenant.manage",
      undefined,
      { kind: "govern.tenant.created", subject: id, data: { name: row.name } },
      async (tx) => {
        await insertNew(
          tx,
          "tenant",
          id,
          "insert into tenants (id, name, state, created_ms) values ($1, $2, $3, $4) on conflict do nothing",
          [id, row.name, row.state, row.createdMs],
        );
        return row;
      },
    );
  }

  /** A suspended tenant's keys are refused, its records stay. */
  async setTenantState(by: Principal, id: string, state: TenantRow["state"]): Promise<void> {
    const kind = state === "active" ? "govern.tenant.resumed" : "govern.tenant.suspended";
    await this.#act(by, "tenant.manage", undefined, { kind, subject: id }, async (tx) => {
      if ((await tx.run("update tenants set state = $1 where id = $2", [state, id])) === 0)
        throw await unknownError(tx, "tenant", "tenants", id);
    });
  }

  async createProject(by: Principal, tenantId: string, name: string, title: string): Promise<ProjectRow> {
    checkName("project", name);
    const row: ProjectRow = { id: `${tenantId}/${name}`, tenantId, name: checkTitle("name", title), createdMs: this.#now() };
    return this.#act(
      by,
      "project.manage",
      tenantId,
      { kind: "govern.project.created", subject: row.id, data: { name: row.name } },
      async (tx) => {
        await mustExist(tx, "tenant", "tenants", tenantId);
        await mustHaveRoom(tx, "projects", "tenant_id", tenantId, MAX_PROJECTS);
        await insertNew(
          tx,
          "project",
          row.id,
          "insert into projects (id, tenant_id, name, created_ms) values ($1, $2, $3, $4) on conflict do nothing",
          [row.id, tenantId, row.name, row.createdMs],
        );
        return row;
      },
    );
  }

  /** An account without a role can use models; with one it can also administer its tenant (in the house's own tenant: the site). */
  async createAccount(by: Principal, projectId: string, name: string, role?: Role): Promise<AccountRow> {
    checkName("account", name);
    if (role !== undefined) checkRole(role);
    const tenantId = tenantOf(projectId);
    const row: AccountRow = { id: `${projectId}/${name}`, projectId, tenantId, role, createdMs: this.#now() };
    const draft = { kind: "govern.account.created", subject: row.id, data: { role: role ?? null } };
    return this.#act(by, role === "operator" ? "role.manage" : "project.manage", tenantId, draft, async (tx) => {
      await mustExist(tx, "project", "projects", projectId);
      await mustHaveRoom(tx, "service_accounts", "project_id", projectId, MAX_ACCOUNTS_PER_PROJECT);
      const values = [row.id, projectId, tenantId, role ?? "", row.createdMs];
      await insertNew(
        tx,
        "account",
        row.id,
        "insert into service_accounts (id, project_id, tenant_id, role, created_ms) values ($1, $2, $3, $4, $5) on conflict do nothing",
        values,
      );
      return row;
    });
  }

  /** The text is given here and never again. */
  async createKey(by: Principal, wanted: NewKey): Promise<{ readonly key: KeyRow; readonly text: string }> {
    const secret = newSecret(this.#randomBytes);
    const tenantId = tenantOf(wanted.accountId);
    const nowMs = this.#now();
    checkScopes(wanted.scopes);
    checkExpiry(wanted.expiresMs, nowMs);
    const draft = {
      kind: "govern.key.created",
      subject: secret.id,
      data: { account: wanted.accountId, scopes: wanted.scopes, expiresMs: wanted.expiresMs ?? null },
    };
    const key = await this.#act(by, "key.manage", tenantId, draft, async (tx) => {
      const [account] = await tx.query<{ project_id: string }>("select project_id from service_accounts where id = $1", [wanted.accountId]);
      if (account === undefined) throw await unknownError(tx, "account", "service_accounts", wanted.accountId);
      const row: KeyRow = {
        id: secret.id,
        accountId: wanted.accountId,
        projectId: account.project_id,
        tenantId,
        scopes: [...new Set(wanted.scopes)],
        createdMs: nowMs,
        expiresMs: wanted.expiresMs,
        revokedMs: undefined,
        replaces: undefined,
      };
      await insertKey(tx, row, secret.hash);
      return row;
    });
    return { key, text: secret.text };
  }

  /** A new key with the same rights; the old one ends after the grace. */
  async rotateKey(by: Principal, id: string, graceMs: number): Promise<{ readonly key: KeyRow; readonly text: string }> {
    const old = await this.#key(by, id);
    const secret = newSecret(this.#randomBytes);
    const nowMs = this.#now();
    const endsMs = Math.min(old.expiresMs ?? Infinity, nowMs + graceMs);
    const lifeMs = old.expiresMs === undefined ? undefined : old.expiresMs - old.createdMs;
    const draft = { kind: "govern.key.rotated", subject: id, data: { replacedBy: secret.id, endsMs } };
    const key = await this.#act(by, "key.manage", old.tenantId, draft, async (tx) => {
      const changed = await tx.run(
        "update api_keys set expires_ms = $1 where id = $2 and revoked_ms is null and (expires_ms is null or expires_ms > $3)",
        [endsMs, id, nowMs],
      );
      if (changed === 0)
        throw new PulmuError({
          code: "govern.expiry",
          path: "key",
          value: id,
          rule: "has ended and cannot be rotated",
          hint: "make a new one",
        });
      const row: KeyRow = {
        ...old,
        id: secret.id,
        createdMs: nowMs,
        expiresMs: lifeMs === undefined ? undefined : nowMs + lifeMs,
        replaces: id,
      };
      await insertKey(tx, row, secret.hash);
      return row;
    });
    return { key, text: secret.text };
  }

  async revokeKey(by: Principal, id: string): Promise<void> {
    const { tenantId } = await this.#key(by, id);
    await this.#act(by, "key.manage", tenantId, { kind: "govern.key.revoked", subject: id }, async (tx) => {
      await tx.run("update api_keys set revoked_ms = $1 where id = $2 and revoked_ms is null", [this.#now(), id]);
    });
  }

  /** Binds a role to a person, in one tenant or (undefined) in the whole site. */
  async grantRole(by: Principal, subject: string, role: Role, tenantId: string | undefined): Promise<void> {
    checkRole(role);
    const draft = { kind: "govern.role.granted", subject, data: { role, tenant: tenantId ?? null } };
    await this.#act(by, "role.manage", undefined, draft, async (tx) => {
      if (tenantId !== undefined) await mustExist(tx, "tenant", "tenants", tenantId);
      await tx.run("insert into role_bindings (subject, role, tenant_id, created_ms) values ($1, $2, $3, $4) on conflict do nothing", [
        subject,
        role,
        tenantId ?? "",
        this.#now(),
      ]);
    });
  }

  async withdrawRole(by: Principal, subject: string, role: Role, tenantId: string | undefined): Promise<void> {
    const draft = { kind: "govern.role.withdrawn", subject, data: { role, tenant: tenantId ?? null } };
    await this.#act(by, "role.manage", undefined, draft, async (tx) => {
      await tx.run("delete from role_bindings where subject = $1 and role = $2 and tenant_id = $3", [subject, role, tenantId ?? ""]);
    });
  }

  /** A person as signed in, with the roles bound here. */
  async principalOf(person: { readonly id: string }): Promise<Principal> {
    const rows = await this.#store.query<{ role: string; tenant_id: string }>(
      "select role, tenant_id from role_bindings where subject = $1",
      [person.id],
    );
    const grants: Grant[] = rows.map((row) => ({ role: row.role as Role, tenantId: row.tenant_id === "" ? undefined : row.tenant_id }));
    return { id: person.id, grants };
  }

  /**
   * The first key of a new house: an operator's, in the house's own tenant. Undefined when there is one already.
   * What `npm start` shows once.
   */
  async bootstrap(by: Principal): Promise<string | undefined> {
    const [{ n }] = await this.#store.query<{ n: number }>("select count(*) as n from tenants where id = $1", [HOUSE_TENANT]);
    if (n > 0) return undefined;
    await this.createTenant(by, HOUSE_TENANT, "The operator of this site");
    await this.createProject(by, HOUSE_TENANT, "operations", "Operations");
    await this.createAccount(by, `${HOUSE_TENANT}/operations`, "administrator", "operator");
    const { text } = await this.createKey(by, {
      accountId: `${HOUSE_TENANT}/operations/administrator`,
      scopes: ["inference", "read", "admin"],
    });
    return text;
  }

  async tenants(by: Principal): Promise<TenantRow[]> {
    return (await this.#list("tenants", "id", by, "tenant.read")).map(tenantRow);
  }

  async projects(by: Principal): Promise<ProjectRow[]> {
    return (await this.#list("projects", "tenant_id", by, "project.read")).map(projectRow);
  }

  async accounts(by: Principal): Promise<AccountRow[]> {
    return (await this.#list("service_accounts", "tenant_id", by, "project.read")).map(accountRow);
  }

  async keys(by: Principal): Promise<KeyRow[]> {
    return (await this.#list("api_keys", "tenant_id", by, "key.read")).map(keyRow);
  }

  async roles(by: Principal): Promise<RoleRow[]> {
    return (await this.#list("role_bindings", "tenant_id", by, "role.read")).map(roleRow);
  }

  async #list(table: string, tenantColumn: string, by: Principal, action: Action): Promise<readonly Columns[]> {
    const visible = visibleTenants(by, action);
    if (visible === "all") return this.#store.query<Columns>(`select * from ${table} order by 1 limit ${MAX_ROWS}`);
    if (visible.length === 0) return [];
    const places = visible.map((_, i) => `$${i + 1}`).join(", ");
    return this.#store.query<Columns>(`select * from ${table} where ${tenantColumn} in (${places}) order by 1 limit ${MAX_ROWS}`, visible);
  }

  /** A key the asker may see; one that he may not is as unknown as one that is not there. */
  async #key(by: Principal, id: string): Promise<KeyRow> {
    const [row] = await this.#store.query<Columns>("select * from api_keys where id = $1", [id]);
    if (row === undefined || !may(by, "key.read", `${row["tenant_id"]}`))
      throw new PulmuError({ code: "govern.unknown", path: "key", value: id, rule: "no such key", hint: "pulmu key list shows them" });
    return keyRow(row);
  }

  async #act<T>(
    by: Principal,
    action: Action,
    tenantId: string | undefined,
    draft: { readonly kind: string; readonly subject: string; readonly data?: { readonly [name: string]: Json } },
    work: (tx: Transaction) => Promise<T>,
  ): Promise<T> {
    const entry: Draft = { ...draft, actor: by.id };
    if (!may(by, action, tenantId)) {
      const denied: Draft = { kind: "govern.denied", actor: by.id, subject: draft.subject, data: { action, wanted: draft.kind } };
      await this.#store.transaction((tx) => appendEntries(tx, [denied], this.#now()));
      throw new PulmuError({
        code: "govern.denied",
        path: action,
        value: draft.subject,
        rule: `${by.id} may not do this`,
        hint: "ask an operator for the role",
      });
    }
    return this.#store.transaction(async (tx) => {
      await tx.lock("govern");
      const result = await work(tx);
      await tx.run("update govern_version set n = n + 1");
      await appendEntries(tx, [entry], this.#now());
      return result;
    });
  }
}
