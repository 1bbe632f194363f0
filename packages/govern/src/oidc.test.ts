import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { after, before, test } from "node:test";
import { PulmuError } from "@pulmu/units";
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { openOidc } from "./oidc.ts";

const T0 = Date.UTC(2027, 0, 1);
let server: Server;
let issuer: string;
let privateKey: CryptoKey;
let strangerKey: CryptoKey;
let publicText: string;

before(async () => {
  const pair = await generateKeyPair("ES256");
  privateKey = pair.privateKey;
  strangerKey = (await generateKeyPair("ES256")).privateKey;
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: "one", alg: "ES256", use: "sig" };
  publicText = JSON.stringify(jwk);
  server = createServer((request, response) => {
    const body = request.url === "/keys" ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` };
    response.setHeader("content-type", "application/json").end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

interface Wish {
  readonly iss?: string;
  readonly aud?: string;
  readonly atMs?: number;
  readonly key?: CryptoKey;
  readonly kid?: string;
}
const token = ({ iss = issuer, aud = "pulmu", atMs = T0, key = privateKey, kid = "one" }: Wish = {}) =>
  new SignJWT({ name: "Kim Sujin" })
    .setProtectedHeader({ alg: "ES256", kid })
    .setSubject("42")
    .setIssuer(iss)
    .setAudience(aud)
    .setIssuedAt(atMs / 1000)
    .setExpirationTime(atMs / 1000 + 300)
    .sign(key);

test("a person with a valid token is who the provider says, under an id that never changes", async () => {
  const verify = await openOidc({ issuer, audience: "pulmu" });
  assert.deepEqual(await verify(await token(), T0), { id: `person:${issuer}#42`, name: "Kim Sujin" });
});

test("a token that is old, for another program, of another provider, signed by another, unsigned or altered is refused", async () => {
  const verify = await openOidc({ issuer, audience: "pulmu" });
  const good = await token();
  const bad: Record<string, string> = {
    expired: await token({ atMs: T0 - 3_600_000 }),
    "for another program": await token({ aud: "other" }),
    "of another provider": await token({ iss: "https://evil.example" }),
    "signed by another": await token({ key: strangerKey }),
    "with an unknown key id": await token({ kid: "two" }),
    unsigned: new UnsecuredJWT({})
      .setSubject("42")
      .setIssuer(issuer)
      .setAudience("pulmu")
      .setIssuedAt(T0 / 1000)
      .setExpirationTime(T0 / 1000 + 300)
      .encode(),
    "signed with the public key as a shared secret": await new SignJWT({})
      .setProtectedHeader({ alg: "HS256", kid: "one" })
      .setSubject("42")
      .setIssuer(issuer)
      .setAudience("pulmu")
      .setIssuedAt(T0 / 1000)
      .setExpirationTime(T0 / 1000 + 300)
      .sign(new TextEncoder().encode(publicText)),
    altered: good.replace(/\.(.)/, (_, first: string) => `.${first === "e" ? "f" : "e"}`),
    "no token at all": "hello",
  };
  for (const [what, text] of Object.entries(bad))
    await assert.rejects(verify(text, T0), (error) => error instanceof PulmuError && error.code === "oidc.token", what);
});

test("a provider that does not answer, or calls itself something else, is named", async () => {
  await assert.rejects(
    openOidc({ issuer: "http://127.0.0.1:1", audience: "pulmu" }),
    /127\.0\.0\.1:1: the identity provider cannot be used/,
  );
  await assert.rejects(openOidc({ issuer: `${issuer}/other`, audience: "pulmu" }), /calls itself/);
});
