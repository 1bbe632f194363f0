import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { PulmuError } from "@pulmu/units";
import { startBroker, type EmbeddedBroker } from "../broker/broker.ts";
import { wallClock } from "../clock.ts";
import { skipWithout, startTestBroker, type TestBroker } from "../testing/brokers.ts";
import { makeAuthority, type TestAuthority } from "../testing/certificates.ts";
import { startTokenServer, type TokenServer } from "../testing/token-server.ts";
import { BusClient } from "./client.ts";
import type { BusNotice } from "./notice.ts";
import { OauthTokens } from "./oauth.ts";

const CREDENTIALS = { clientId: "pulmu", clientSecret: "s3cret", scope: "mqtt" };
const NOT_AUTHORISED = 5;
const limits = { reconnectMs: [20, 50], answerMs: 5_000 } as const;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

describe("A login by OAuth token", () => {
  let tokens: TokenServer;
  let broker: EmbeddedBroker;
  const shown: { readonly username: string; readonly password: string }[] = [];

  const startGuarded = async (port: number) =>
    startBroker({
      port,
      authenticate: (_client, username, password, done) => {
        shown.push({ username: username ?? "", password: password?.toString() ?? "" });
        const good = username === "oauthtoken" && tokens.accepts(password?.toString() ?? "");
        done(good ? null : Object.assign(new Error("no"), { returnCode: NOT_AUTHORISED }), good);
      },
    });

  before(async () => {
    tokens = await startTokenServer(3600);
    broker = await startGuarded(0);
  });
  after(async () => {
    await broker.close();
    await tokens.close();
  });

  test("the broker is shown the user oauthtoken and the token as password", async () => {
    const login = new OauthTokens({ ...CREDENTIALS, tokenUrl: tokens.tokenUrl }, wallClock);
    const client = await BusClient.connect({ address: broker.address, clientId: "o1", login, limits });
    assert.deepEqual(shown.at(-1), { username: "oauthtoken", password: "token-1" });
    await client.close();
  });

  test("given tokens that were revoked while the connection was down, a new one is fetched and the connection comes back", async () => {
    const notices: BusNotice[] = [];
    const login = new OauthTokens({ ...CREDENTIALS, tokenUrl: tokens.tokenUrl }, wallClock);
    const client = await BusClient.connect({ address: broker.address, clientId: "o2", login, limits }, (notice) => notices.push(notice));
    const { port } = broker;
    await broker.close();
    tokens.revokeAll();
    broker = await startGuarded(port);
    await until(() => client.stats.reconnects === 1);
    assert.ok(notices.some(({ code, text }) => code === "exchange.refused" && text.includes("does not let o2 in")));
    await client.close();
  });

  test("given an anonymous client, the broker's refusal is one clear error", async () => {
    await assert.rejects(BusClient.connect({ address: broker.address, clientId: "o3", limits }), { code: "exchange.not-authorised" });
  });

  test("a token is kept for most of its life and then asked for again, once for all who wait", async () => {
    let nowMs = 1_000_000;
    const source = new OauthTokens({ ...CREDENTIALS, tokenUrl: tokens.tokenUrl }, { nowMs: () => nowMs, after: () => () => {} });
    const [first, same] = await Promise.all([source.token(), source.token()]);
    nowMs += 0.79 * 3_600_000;
    const kept = await source.token();
    nowMs += 0.02 * 3_600_000;
    const renewed = await source.token();
    assert.equal(same, first);
    assert.equal(kept, first);
    assert.notEqual(renewed, first);
  });

  test("a JWT whose answer says no lifetime is renewed by the end that it names itself", async () => {
    const nowMs = 1_000_000_000;
    const jwt = `e30.${Buffer.from(JSON.stringify({ exp: nowMs / 1000 + 100 })).toString("base64url")}.sig`;
    tokens.misbehave({ status: 200, body: JSON.stringify({ access_token: jwt }) });
    const source = new OauthTokens({ ...CREDENTIALS, tokenUrl: tokens.tokenUrl }, { nowMs: () => nowMs, after: () => () => {} });
    await source.token();
    tokens.misbehave(undefined);
    assert.equal(source.renewAtMs, nowMs + 80_000);
  });

  for (const [status, body, code] of [
    [401, '{"error":"invalid_client"}', "exchange.token-refused"],
    [500, "<html>oops", "exchange.token-refused"],
    [200, "{}", "exchange.token-answer"],
    [200, '{"access_token":1}', "exchange.token-answer"],
    [200, "not json", "exchange.token-answer"],
    [200, `{"access_token":"${"x".repeat(70_000)}"}`, "exchange.token-server"],
    [302, "", "exchange.token-server"],
  ] as const) {
    test(`an authorisation server that answers ${status} ${body.slice(0, 30)} is refused with ${code}`, async () => {
      tokens.misbehave({ status, body });
      const source = new OauthTokens({ ...CREDENTIALS, tokenUrl: tokens.tokenUrl }, wallClock);
      await assert.rejects(source.token(), (error: PulmuError) => error.code === code && !error.message.includes("s3cret"));
      tokens.misbehave(undefined);
    });
  }

  test("an authorisation server that is not there is one clear error", async () => {
    const gone = await startTokenServer(60);
    await gone.close();
    const source = new OauthTokens({ ...CREDENTIALS, tokenUrl: gone.tokenUrl }, wallClock);
    await assert.rejects(source.token(), { code: "exchange.token-server", message: /cannot be asked: .*ECONNREFUSED/ });
  });
});

describe("A login by client certificate", { skip: skipWithout("mosquitto") }, () => {
  let authority: TestAuthority;
  let mosquitto: TestBroker;
  let aedes: EmbeddedBroker;

  before(async () => {
    authority = makeAuthority();
    const { folder } = authority;
    const files = [`cafile ${folder}/ca.pem`, `certfile ${folder}/server.pem`, `keyfile ${folder}/server.key`];
    mosquitto = await startTestBroker("mosquitto", [...files, "require_certificate true", "use_identity_as_username true"]);
    aedes = await startBroker({ port: 0, tls: { ...authority.server, ca: authority.ca } });
  });
  after(async () => {
    await mosquitto.stop();
    await aedes.close();
    authority.remove();
  });
  const addresses = () => [mosquitto.address.replace("mqtt:", "mqtts:"), aedes.address];

  test("a certificate of the broker's authority opens the connection", async () => {
    for (const address of addresses()) {
      const tls = { ca: authority.ca, ...authority.client("operator") };
      const client = await BusClient.connect({ address, clientId: "c1", tls, limits });
      await client.publish("x", "y", { qos: 1 });
      await client.close();
    }
  });

  test("no certificate, one of another authority, or a broker that we do not trust: no connection, and the reason", async () => {
    const stranger = makeAuthority();
    for (const address of addresses()) {
      const connect = (tls: { ca?: string; cert?: string; key?: string }) => BusClient.connect({ address, clientId: "c2", tls, limits });
      await assert.rejects(connect({ ca: authority.ca }), { name: "PulmuError" });
      await assert.rejects(connect({ ca: authority.ca, ...stranger.client("operator") }), { name: "PulmuError" });
      await assert.rejects(connect({ ca: stranger.ca, ...authority.client("operator") }), { code: "exchange.tls" });
    }
    stranger.remove();
  });
});
