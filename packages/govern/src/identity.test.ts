import assert from "node:assert/strict";
import { test } from "node:test";
import { prepareJournal, readEntries, type Store } from "@pulmu/journal";
import { onBothDatabases } from "@pulmu/journal/testing";
import { PulmuError, random } from "@pulmu/units";
import { Gatekeeper } from "./gatekeeper.ts";
import { Identity } from "./identity.ts";
import { may, type Principal, SYSTEM } from "./roles.ts";
import { GOVERN_MIGRATIONS, prepareGovern } from "./schema.ts";
import { sameHash } from "./secrets.ts";
import { migrate } from "@pulmu/journal";

const T0 = Date.UTC(2027, 0, 1);
const DAY = 86_400_000;
const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof PulmuError, `${error}`);
  assert.equal(error.code, expected, error.message);
  return true;
};

/** A house with a clock that the test turns. */
async function house(store: Store) {
  await prepareJournal(store);
  await prepareGovern(store);
  const randomness = random(1, "keys");
  const clock = { nowMs: T0 };
  const identity = new Identity(store, {
    now: () => clock.nowMs,
    randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(randomness.next() * 256)),
  });
  const gatekeeper = new Gatekeeper(store);
  const enter = async (text: string) => {
    await gatekeeper.refresh();
    return gatekeeper.authenticate(text, clock.nowMs);
  };
  return { identity, clock, enter, store };
}

async function acme(store: Store) {
  const all = await house(store);
  await all.identity.createTenant(SYSTEM, "acme", "Acme");
  await all.identity.createProject(SYSTEM, "acme", "search", "Search");
  await all.identity.createAccount(SYSTEM, "acme/search", "web");
  return {
    ...all,
    newKey: (expiresMs?: number) =>
      all.identity.createKey(SYSTEM, {
        accountId: "acme/search/web",
        scopes: ["inference"],
        ...(expiresMs === undefined ? {} : { expiresMs }),
      }),
  };
}

onBothDatabases("identity", (database) => {
  test("a key opens the door to its project, and its text is kept nowhere", async () => {
    const { newKey, enter, store } = await acme(await database.open());
    const { key, text } = await newKey();
    const principal = await enter(text);
    assert.deepEqual([principal.tenantId, principal.projectId, principal.keyId], ["acme", "acme/search", key.id]);
    assert.equal(may(principal, "inference", "acme"), true);
    assert.equal(may(principal, "inference", "other"), false);
    assert.equal(may(principal, "usage.read", "acme"), false);
    const secret = text.split("_")[2];
    for (const table of ["api_keys", "journal_entries"]) {
      for (const row of await store.query(`select * from ${table}`))
        for (const value of Object.values(row)) {
          const shown = value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value);
          assert.ok(!shown.includes(secret), `the secret stands in ${table}`);
        }
    }
  });

  test("a key that is wrong, expired, revoked or of a suspended tenant is refused, each for its own reason", async () => {
    const { identity, clock, newKey, enter } = await acme(await database.open());
    const { text } = await newKey();
    const last = text.at(-1) === "A" ? "B" : "A";
    await assert.rejects(enter("sk-something-else"), code("key.unknown"));
    await assert.rejects(enter(text.slice(0, -1) + last), code("key.unknown"));
    const short = await newKey(T0 + DAY);
    await enter(short.text);
    clock.nowMs = T0 + DAY;
    await assert.rejects(enter(short.text), code("key.expired"));
    const revoked = await newKey();
    await identity.revokeKey(SYSTEM, revoked.key.id);
    await assert.rejects(enter(revoked.text), code("key.revoked"));
    await identity.setTenantState(SYSTEM, "acme", "suspended");
    await assert.rejects(enter(text), code("tenant.suspended"));
    await identity.setTenantState(SYSTEM, "acme", "active");
    await enter(text);
  });

  test("a rotated key works through its grace, its successor from the start", async () => {
    const { identity, clock, newKey, enter } = await acme(await database.open());
    const old = await newKey(T0 + 30 * DAY);
    clock.nowMs = T0 + 29 * DAY;
    const next = await identity.rotateKey(SYSTEM, old.key.id, 3_600_000);
    assert.equal(next.key.replaces, old.key.id);
    assert.equal(next.key.expiresMs, clock.nowMs + 30 * DAY);
    await enter(old.text);
    await enter(next.text);
    clock.nowMs += 3_600_000;
    await assert.rejects(enter(old.text), code("key.expired"));
    await enter(next.text);
    await assert.rejects(identity.rotateKey(SYSTEM, old.key.id, 0), code("govern.expiry"));
  });

  test("every act stands in the journal with who did it; a refused one too", async () => {
    const { identity, newKey, store } = await acme(await database.open());
    const { key } = await newKey();
    const guest: Principal = { id: "person:idp#guest", grants: [{ role: "viewer", tenantId: "acme" }] };
    await assert.rejects(identity.revokeKey(guest, key.id), code("govern.denied"));
    const entries = await readEntries(store, 0, 100);
    assert.deepEqual(entries.map((entry) => [entry.kind, entry.actor]), [
      ["govern.tenant.created", "system"],
      ["govern.project.created", "system"],
      ["govern.account.created", "system"],
      ["govern.key.created", "system"],
      ["govern.denied", "person:idp#guest"],
    ]); // prettier-ignore
  });

  test("a tenant administrator rules in its own tenant only, and cannot make itself more", async () => {
    const { identity } = await acme(await database.open());
    await identity.createTenant(SYSTEM, "zenith", "Zenith");
    await identity.createProject(SYSTEM, "zenith", "lab", "Lab");
    await identity.grantRole(SYSTEM, "person:idp#kim", "tenant-admin", "acme");
    const kim = await identity.principalOf({ id: "person:idp#kim" });
    await identity.createProject(kim, "acme", "chat", "Chat");
    await assert.rejects(identity.createProject(kim, "zenith", "chat", "Chat"), code("govern.denied"));
    await assert.rejects(identity.grantRole(kim, kim.id, "operator", undefined), code("govern.denied"));
    await assert.rejects(identity.createAccount(kim, "acme/chat", "root", "operator"), code("govern.denied"));
    assert.deepEqual((await identity.tenants(kim)).map((tenant) => tenant.id), ["acme"]); // prettier-ignore
    assert.deepEqual((await identity.projects(kim)).map((project) => project.id), ["acme/chat", "acme/search"]); // prettier-ignore
    await identity.withdrawRole(SYSTEM, kim.id, "tenant-admin", "acme");
    assert.deepEqual(await identity.tenants(await identity.principalOf(kim)), []);
  });

  test("a key of an account with a role is narrowed by its scopes", async () => {
    const { identity, enter } = await acme(await database.open());
    await identity.createAccount(SYSTEM, "acme/search", "admin", "tenant-admin");
    const reading = await enter((await identity.createKey(SYSTEM, { accountId: "acme/search/admin", scopes: ["read"] })).text);
    const ruling = await enter((await identity.createKey(SYSTEM, { accountId: "acme/search/admin", scopes: ["read", "admin"] })).text);
    assert.deepEqual(
      [may(reading, "key.read", "acme"), may(reading, "key.manage", "acme"), may(reading, "inference", "acme")],
      [true, false, false],
    );
    assert.deepEqual(
      [may(ruling, "key.manage", "acme"), may(ruling, "key.manage", "zenith"), may(ruling, "price.manage", "acme")],
      [true, false, false],
    );
  });

  test("a new house gives one operator's key, once", async () => {
    const { identity, enter } = await house(await database.open());
    const text = await identity.bootstrap(SYSTEM);
    const operator = await enter(text!);
    assert.equal(may(operator, "tenant.manage", undefined), true);
    assert.equal(await identity.bootstrap(SYSTEM), undefined);
  });

  test("names that cannot be, things that exist or do not, and wrong words are refused with what would do", async () => {
    const { identity } = await acme(await database.open());
    await assert.rejects(identity.createTenant(SYSTEM, "Acme Corp!", "x"), /for example "acme-corp"/);
    await assert.rejects(identity.createTenant(SYSTEM, "acme", "again"), code("govern.exists"));
    await assert.rejects(identity.createAccount(SYSTEM, "acme/serach", "x"), /did you mean "acme\/search"/);
    await assert.rejects(
      identity.createKey(SYSTEM, { accountId: "acme/search/web", scopes: ["inferense" as never] }),
      /did you mean "inference"/,
    );
    await assert.rejects(
      identity.createKey(SYSTEM, { accountId: "acme/search/web", scopes: ["read"], expiresMs: T0 - 1 }),
      code("govern.expiry"),
    );
    await assert.rejects(identity.grantRole(SYSTEM, "person:idp#x", "king" as never, undefined), code("govern.role"));
  });

  test("an account has a bounded number of live keys", async () => {
    const { newKey } = await acme(await database.open());
    for (let i = 0; i < 20; i++) await newKey();
    await assert.rejects(newKey(), code("govern.limit"));
  });

  test("an older schema comes forward with its tenants and keys", async () => {
    const store = await database.open();
    await prepareJournal(store);
    await migrate(store, "govern", GOVERN_MIGRATIONS, 1);
    await store.transaction((tx) => tx.run("insert into tenants (id, name, state, created_ms) values ('old', 'Old', 'active', 1)"));
    const { identity } = await house(store);
    await identity.createProject(SYSTEM, "old", "first", "First");
    assert.deepEqual((await identity.projects(SYSTEM)).map((project) => project.id), ["old/first"]); // prettier-ignore
  });

  test("among a hundred tenants acting at random, nobody ever sees another's row (against a model in memory)", async () => {
    const { identity, enter } = await house(await database.open());
    const randomness = random(100, "isolation");
    const pick = <T>(list: readonly T[]) => list[Math.floor(randomness.next() * list.length)];
    const tenants = Array.from({ length: 100 }, (_, i) => `tenant-${i}`);
    const admins = new Map<string, Principal>();
    const model = new Map(tenants.map((id) => [id, { projects: new Set<string>(), keys: new Set<string>(), texts: [] as string[] }]));
    for (const id of tenants) {
      await identity.createTenant(SYSTEM, id, id);
      admins.set(id, { id: `person:idp#${id}`, grants: [{ role: "tenant-admin", tenantId: id }] });
    }
    for (let step = 0; step < (database.dialect === "sqlite" ? 600 : 200); step++) {
      const own = pick(tenants);
      const admin = admins.get(own)!;
      const target = randomness.next() < 0.7 ? own : pick(tenants); // often at a neighbour's door
      const mine = model.get(own)!;
      const theirs = model.get(target)!;
      const kind = Math.floor(randomness.next() * 4);
      if (kind === 0) {
        const name = `p${step}`;
        const done = await identity.createProject(admin, target, name, name).then(() => true, () => false); // prettier-ignore
        assert.equal(done, target === own);
        if (done) {
          theirs.projects.add(`${target}/${name}`);
          await identity.createAccount(admin, `${target}/${name}`, "web");
        }
      } else if (kind === 1 && theirs.projects.size > 0) {
        const project = pick([...theirs.projects]);
        const made = await identity.createKey(admin, { accountId: `${project}/web`, scopes: ["inference"] }).catch(() => undefined);
        if (target !== own) assert.equal(made, undefined);
        if (made !== undefined) {
          mine.keys.add(made.key.id);
          mine.texts.push(made.text);
        }
      } else if (kind === 2 && theirs.keys.size > 0) {
        const id = pick([...theirs.keys]);
        const done = await identity.revokeKey(admin, id).then(() => true, (error: PulmuError) => error.code); // prettier-ignore
        assert.equal(done, target === own ? true : "govern.unknown"); // a neighbour's key looks as if it were not there
      } else if (mine.texts.length > 0) {
        const principal = await enter(pick(mine.texts)).catch(() => undefined);
        if (principal !== undefined) assert.equal(principal.tenantId, own);
      }
      assert.deepEqual(new Set((await identity.projects(admin)).map((project) => project.id)), mine.projects);
      assert.deepEqual(new Set((await identity.keys(admin)).map((key) => key.id)), mine.keys);
      assert.deepEqual((await identity.tenants(admin)).map((tenant) => tenant.id), [own]); // prettier-ignore
    }
  });
});

test("known or not, right or wrong, a key costs one comparison of two whole hashes in constant time", async () => {
  const compared: [number, number][] = [];
  const reader = {
    query: async (sql: string) =>
      (sql.includes("govern_version")
        ? [{ n: 1 }]
        : [
            {
              id: "0".repeat(16),
              project_id: "acme/search",
              tenant_id: "acme",
              hash: Buffer.alloc(32, 1),
              scopes: "inference",
              expires_ms: null,
              revoked_ms: null,
              role: "",
              state: "active",
            },
          ]) as never,
  };
  const gatekeeper = new Gatekeeper(reader, (a, b) => {
    compared.push([a.length, b.length]);
    return sameHash(a, b);
  });
  await gatekeeper.refresh();
  for (const text of [`pulmu_${"0".repeat(16)}_${"A".repeat(43)}`, `pulmu_${"1".repeat(16)}_${"A".repeat(43)}`, "garbage", ""]) {
    compared.length = 0;
    assert.throws(() => gatekeeper.authenticate(text, T0), code("key.unknown"));
    assert.deepEqual(compared, [[32, 32]]);
  }
});
