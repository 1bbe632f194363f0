import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { PulmuError } from "@pulmu/units";
import type { EngineOrder } from "../engine.ts";
import { SlurmRest } from "./rest.ts";

/** A slurmrestd that answers as the test says. */
type Answer = readonly [status: number, body: string] | "hang up";
let server: Server;
let answer: Answer = [200, "{}"];
let asked: string[] = [];
const paths = JSON.stringify({ paths: { "/slurm/v0.0.38/jobs": {}, "/slurm/v0.0.36/jobs": {} } });

before(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const [status, body] =
      request.url === "/openapi/v3" && openapi !== undefined ? [200, openapi] : answer === "hang up" ? [0, ""] : answer;
    if (status === 0) request.socket.destroy();
    else response.writeHead(status, { "Content-Type": "application/json" }).end(body);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
});
after(() => server.close());
let openapi: string | undefined = paths;

function open(token = "token"): SlurmRest {
  asked = [];
  const { port } = server.address() as AddressInfo;
  return new SlurmRest({ url: `http://127.0.0.1:${port}`, user: "pulmu", token: () => token, now: () => 1_800_000_000_000 });
}

const ORDER: EngineOrder = { token: "h/j1.1", name: "n", command: ["echo"], image: "", env: {}, nodes: 1, gpusPerNode: 0, topology: "any", powerW: 0, workDir: "/", stateDir: "/x", timeLimitS: 0, expectedS: 1, excludedNodes: [] }; // prettier-ignore
const PLACING = { partition: "", constraint: "", licenses: "", gpusPerNode: "" };

async function submitted(given: Answer, token?: string): Promise<PulmuError> {
  answer = given;
  const rest = open(token);
  try {
    await rest.submit(ORDER, PLACING);
    throw new Error("it was taken");
  } catch (error) {
    assert.ok(error instanceof PulmuError, String(error));
    return error;
  } finally {
    await rest.close();
  }
}

const errors = (...list: readonly object[]) => JSON.stringify({ errors: list });

test("the same wrong token, answered with 401, 511, or 200 and an error in the body, is one and the same error", async () => {
  for (const given of [
    [401, "Authentication failure"],
    [511, errors({ error: "Authentication failure" })],
    [200, errors({ error_number: 1007, error: "Protocol authentication error" })],
  ] as const)
    // prettier-ignore
    assert.equal((await submitted(given)).code, "engine.token", `${given[0]}`);
});

test("a token that has expired is not sent: nothing was submitted, and it says when it ended", async () => {
  const payload = Buffer.from(JSON.stringify({ exp: 1_700_000_000, sun: "pulmu" })).toString("base64url");
  const error = await submitted([200, JSON.stringify({ job_id: 1, errors: [] })], `x.${payload}.y`);
  assert.equal(error.code, "engine.token");
  assert.match(error.message, /expired at 2023-11-14T22:13:20/);
  assert.deepEqual(asked, []);
});

test("an answer that was cut short, or a connection that broke, leaves open whether the job is there", async () => {
  assert.equal((await submitted([200, '{"job_id": 12, "err'])).code, "engine.unclear");
  assert.equal((await submitted("hang up")).code, "engine.unclear");
  assert.equal((await submitted([500, ""])).code, "engine.unclear");
  assert.equal((await submitted([500, errors({ error_number: -1, error: "Unspecified error" })])).code, "engine.unclear");
});

test("slurmctld's own no is a no: nothing was submitted, and its words are passed on", async () => {
  const error = await submitted([500, errors({ error_number: 2014, error: "Requested node configuration is not available" })]);
  assert.equal(error.code, "engine.refused");
  assert.match(error.message, /Requested node configuration is not available \(2014\)/);
});

test("a job that was taken and held comes with a note that is no error", async () => {
  answer = [200, JSON.stringify({ job_id: 7, errors: [{ error_code: 2042, error: "Job is in held state, pending scheduler release" }] })];
  const rest = open();
  assert.equal(await rest.submit(ORDER, PLACING), "7");
  await rest.close();
});

test("a slurmrestd of other versions says which it has and which we speak; nothing is asked of it", async () => {
  openapi = JSON.stringify({ paths: { "/slurm/v0.0.99/jobs": {}, "/slurm/v0.0.35/jobs": {} } });
  const rest = open();
  await assert.rejects(rest.jobs(0), /it speaks v0\.0\.35, v0\.0\.99; we speak v0\.0\.38 to v0\.0\.46/);
  assert.deepEqual(asked, ["GET /openapi/v3"]);
  await rest.close();
  openapi = paths;
});

test("an address where something else answers is told as that", async () => {
  openapi = undefined;
  answer = [404, "<html>not here</html>"];
  const rest = open();
  await assert.rejects(rest.probe(), (error: PulmuError) => error.code === "engine.version");
  await rest.close();
  openapi = paths;
});

test("of newer versions the newest that both speak is taken, and the job is said in their words", async () => {
  openapi = JSON.stringify({ paths: { "/slurm/v0.0.41/jobs/": {}, "/slurm/v0.0.42/jobs/": {}, "/slurm/v0.0.60/jobs/": {} } });
  answer = [200, JSON.stringify({ job_id: 9, errors: [] })];
  const rest = open();
  assert.equal(await rest.submit({ ...ORDER, nodes: 2 }, { ...PLACING, gpusPerNode: "h100:8" }), "9");
  assert.deepEqual(asked, ["GET /openapi/v3", "POST /slurm/v0.0.42/job/submit"]);
  await rest.close();
  openapi = paths;
});
