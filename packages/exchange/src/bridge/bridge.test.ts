import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { PulmuError, random, type Problem } from "@pulmu/units";
import fc from "fast-check";
import { OauthTokens } from "../client/oauth.ts";
import { wallClock } from "../clock.ts";
import { LoadSchedule } from "../roles/load-schedule.ts";
import { startTokenServer, type TokenServer } from "../testing/token-server.ts";
import { parseEventFile } from "./event-file.ts";
import { parseIsoDuration } from "./iso-duration.ts";
import { acceptOpenAdrEvent, demandOf, type SignalRules } from "./openadr.ts";
import { changes, combine, type DemandEvent } from "./schedule.ts";
import { Ven } from "./ven.ts";

const NOW_MS = Date.UTC(2027, 7, 4, 9, 0, 0);
const MINUTE_MS = 60_000;
const iso = (minutes: number) => new Date(NOW_MS + minutes * MINUTE_MS).toISOString();
const event = (id: string, fromMin: number, untilMin: number, limitW: number, priority = Infinity): DemandEvent => ({
  id,
  priority,
  intervals: [{ fromMs: NOW_MS + fromMin * MINUTE_MS, untilMs: NOW_MS + untilMin * MINUTE_MS, limitW }],
});
/** Minutes from now, and limits in MW, of a schedule. */
const inMinutes = (schedule: ReturnType<typeof combine>) =>
  schedule.map(({ fromMs, untilMs, limitW }) => [(fromMs - NOW_MS) / MINUTE_MS, (untilMs - NOW_MS) / MINUTE_MS, limitW / 1e6]);

describe("Events together", () => {
  test("where two overlap the lower limit holds", () => {
    const schedule = combine([event("a", 0, 60, 45e6), event("b", 30, 90, 40e6)], NOW_MS);
    assert.deepEqual(inMinutes(schedule), [
      [0, 30, 45],
      [30, 90, 40],
    ]);
  });

  test("an event of a better priority goes before one that asks for less", () => {
    const schedule = combine([event("a", 0, 60, 30e6, 5), event("b", 20, 40, 45e6, 1)], NOW_MS);
    assert.deepEqual(inMinutes(schedule), [
      [0, 20, 30],
      [20, 40, 45],
      [40, 60, 30],
    ]);
  });

  test("nothing is sent when nothing changed, and what is over is not lifted", () => {
    const schedule = combine([event("a", 0, 60, 45e6)], NOW_MS);
    assert.deepEqual(changes(schedule, schedule, NOW_MS), []);
    assert.deepEqual(changes(schedule, [], NOW_MS + 61 * MINUTE_MS), []);
  });

  test("an event that was shortened is lifted for what is left of it", () => {
    const before = combine([event("a", 0, 60, 45e6)], NOW_MS);
    const nowMs = NOW_MS + 10 * MINUTE_MS;
    assert.deepEqual(changes(before, combine([event("a", 0, 30, 45e6)], nowMs), nowMs), [
      { interval: { start_time: iso(30), end_time: iso(60) }, load_constraint: null },
    ]);
  });

  test("an event without an end is taken back as one", () => {
    const before = combine([event("a", 0, Infinity, 45e6)], NOW_MS);
    assert.deepEqual(changes([], before, NOW_MS), [{ interval: {}, load_constraint: { value: 45e6, unit: "watt" } }]);
    assert.deepEqual(changes(before, [], NOW_MS), [{ interval: {}, load_constraint: null }]);
  });

  test("whatever events come and go, an agent that gets the changes holds what all of them ask for", () => {
    const minute = fc.integer({ min: 0, max: 100 });
    const one = fc.record({
      from: minute,
      length: fc.integer({ min: 1, max: 50 }),
      mw: fc.integer({ min: 1, max: 9 }),
      priority: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.array(one, { maxLength: 4 }), fc.integer({ min: 0, max: 20 })), { maxLength: 5 }), (steps) => {
        const agent = new LoadSchedule(["main"]);
        let sent: ReturnType<typeof combine> = [];
        let nowMs = NOW_MS;
        let wanted = sent;
        for (const [events, laterMin] of steps) {
          wanted = combine(
            events.map(({ from, length, mw, priority }, i) => event(String(i), from, from + length, mw * 1e6, priority)),
            nowMs,
          );
          const targets = changes(sent, wanted, nowMs);
          if (targets.length > 0) agent.set(targets, "x", nowMs);
          sent = wanted;
          for (let min = 0; min < 150; min++) {
            const atMs = nowMs + min * MINUTE_MS;
            const asked = wanted.find(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs)?.limitW;
            assert.equal(agent.inForce("main", atMs)?.constraint?.value, asked);
          }
          nowMs += laterMin * MINUTE_MS;
        }
      }),
      { seed: 7, numRuns: 200 },
    );
  });
});

const RULES: SignalRules = { simpleW: [50e6, 40e6, 20e6], price: { from: 300, limitW: 35e6 } };

function demand(json: object, rules: SignalRules = RULES) {
  const read = acceptOpenAdrEvent({ id: "e1", programID: "p1", ...json });
  assert.ok(read.ok, JSON.stringify(!read.ok && read.problems));
  const problems: Problem[] = [];
  const { intervals } = demandOf(read.value, rules, NOW_MS, problems);
  return { limits: inMinutes(intervals), problems: problems.map(({ code }) => code) };
}

describe("An OpenADR 3 event", () => {
  const period = { start: iso(0), duration: "PT15M" };

  test("with a power limit in kW limits for its time", () => {
    const { limits } = demand({
      intervalPeriod: period,
      payloadDescriptors: [{ payloadType: "CONSUMPTION_POWER_LIMIT", units: "KW" }, { payloadType: "POWER_LIMIT_VERSION" }],
      intervals: [
        {
          id: 0,
          payloads: [
            { type: "CONSUMPTION_POWER_LIMIT", values: [15_000] },
            { type: "POWER_LIMIT_VERSION", values: [1] },
          ],
        },
      ],
    });
    assert.deepEqual(limits, [[0, 15, 15]]);
  });

  test("with SIMPLE levels means what the levels were said to mean; level 0 is none", () => {
    const levels = [1, 0, 3].map((level, id) => ({ id, payloads: [{ type: "SIMPLE", values: [level] }] }));
    assert.deepEqual(demand({ intervalPeriod: period, intervals: levels }).limits, [
      [0, 15, 50],
      [30, 45, 20],
    ]);
  });

  test("with prices limits while they are high", () => {
    const prices = [120, 300, 450].map((price, id) => ({ id, payloads: [{ type: "PRICE", values: [price] }] }));
    assert.deepEqual(demand({ intervalPeriod: { start: iso(0), duration: "PT1H" }, intervals: prices }).limits, [
      [60, 120, 35],
      [120, 180, 35],
    ]);
  });

  test("whose intervals have times of their own keeps them, the year 1 is now, and P9999Y is for ever", () => {
    const at = (start: string, duration: string, id: number) => ({
      id,
      intervalPeriod: { start, duration },
      payloads: [{ type: "IMPORT_CAPACITY_LIMIT", values: [10 + id] }],
    });
    const units = [{ payloadType: "IMPORT_CAPACITY_LIMIT", units: "MW" }];
    assert.deepEqual(
      demand({ payloadDescriptors: units, intervals: [at("0001-01-01T00:00:00Z", "PT10M", 0), at(iso(60), "P9999Y", 1)] }).limits,
      [
        [0, 10, 10],
        [60, Infinity, 11],
      ],
    );
  });

  for (const [what, payload, code] of [
    ["a SIMPLE level of 4", { type: "SIMPLE", values: [4] }, "openadr.value"],
    ["a limit as text", { type: "CONSUMPTION_POWER_LIMIT", values: ["15"] }, "openadr.value"],
    ["a limit of nothing", { type: "CONSUMPTION_POWER_LIMIT", values: [0] }, "openadr.value"],
    ["a payload that is not understood", { type: "DISPATCH_SETPOINT", values: [1] }, "openadr.payload"],
  ] as const) {
    test(`with ${what} asks for nothing, and says why`, () => {
      assert.deepEqual(demand({ intervalPeriod: period, intervals: [{ id: 0, payloads: [payload] }] }), { limits: [], problems: [code] });
    });
  }

  test("without a start, or in a unit that is none of power, asks for nothing, and says why", () => {
    const intervals = [{ id: 0, payloads: [{ type: "CONSUMPTION_POWER_LIMIT", values: [1] }] }];
    assert.deepEqual(demand({ intervals }).problems, ["openadr.time"]);
    const units = [{ payloadType: "CONSUMPTION_POWER_LIMIT", units: "KWH" }];
    assert.deepEqual(demand({ intervalPeriod: period, payloadDescriptors: units, intervals }).problems, ["openadr.unit"]);
  });

  test("made of anything is read or refused, and nothing breaks", () => {
    const source = random(11, "openadr");
    fc.assert(
      fc.property(fc.anything(), fc.object(), (payload, json) => {
        const read = acceptOpenAdrEvent({ id: "x", programID: "p", intervals: [{ id: 0, payloads: [payload] }], ...json });
        if (read.ok) demandOf(read.value, RULES, NOW_MS, []);
      }),
      { seed: Math.floor(source.next() * 1000), numRuns: 500 },
    );
  });
});

describe("A VEN", () => {
  let server: Server;
  let tokens: TokenServer;
  let vtn: string;
  let pages: unknown[][] = [];
  let status = 200;
  const asked: { readonly method: string; readonly url: string; readonly authorization: string | undefined; readonly body: string }[] = [];

  before(async () => {
    tokens = await startTokenServer(3600);
    server = createServer((request: IncomingMessage, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const { authorization } = request.headers;
        asked.push({ method: request.method!, url: request.url!, authorization, body });
        if (!tokens.accepts((authorization ?? "").slice(7))) return response.writeHead(401).end("{}");
        const skip = Number(new URL(request.url!, "http://x").searchParams.get("skip"));
        return response.writeHead(status).end(JSON.stringify(request.method === "POST" ? {} : (pages[skip / 50] ?? [])));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    vtn = `http://127.0.0.1:${(server.address() as AddressInfo).port}/openadr3`;
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await tokens.close();
  });

  const ven = () =>
    new Ven({
      vtn,
      clientName: "pulmu",
      programs: ["p1"],
      tokens: new OauthTokens({ tokenUrl: tokens.tokenUrl, clientId: "pulmu", clientSecret: "s3cret", scope: "mqtt" }, wallClock),
    });
  const some = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `e${i}`, programID: "p1", intervals: [] }));

  test("reads all pages of its program's events, with a token that is renewed when the VTN refuses it", async () => {
    pages = [some(50), some(7)];
    const client = ven();
    assert.equal((await client.events([])).length, 57);
    assert.equal(asked.at(-1)!.url, "/openadr3/events?skip=50&limit=50&programID=p1");
    tokens.revokeAll();
    assert.equal((await client.events([])).length, 57);
  });

  test("leaves out an event that cannot be read, and tells it", async () => {
    pages = [[...some(1), { id: 5 }]];
    const problems: Problem[] = [];
    assert.equal((await ven().events(problems)).length, 1);
    assert.ok(problems.length > 0);
  });

  test("reports back what it did", async () => {
    const [first] = await ven().events([]);
    await ven().report({ event: first, atMs: NOW_MS, payloads: [{ type: "DEMAND", value: 44_000, units: "KW" }] });
    const { method, body } = asked.at(-1)!;
    assert.equal(method, "POST");
    const report = JSON.parse(body);
    assert.deepEqual([report.eventID, report.programID, report.clientName], ["e0", "p1", "pulmu"]);
    assert.deepEqual(report.resources[0].intervals[0].payloads, [{ type: "DEMAND", values: [44_000] }]);
    assert.deepEqual(report.payloadDescriptors, [{ payloadType: "DEMAND", units: "KW" }]);
  });

  test("a VTN that fails is one clear error", async () => {
    status = 503;
    await assert.rejects(ven().events([]), { code: "openadr.vtn", message: /the VTN answers 503/ });
    status = 200;
    await assert.rejects(new Ven({ vtn: "http://127.0.0.1:9", clientName: "x" }).events([]), { code: "openadr.vtn" });
  });
});

describe("A file of events", () => {
  test("as CSV gives a limit for each line", () => {
    const text =
      "id,start,end,limit\nheat,2027-08-04T18:00:00+09:00,2027-08-04T18:30:00+09:00,45 MW\n\n# a remark\n,2027-08-05T09:00:00Z,2027-08-05T10:00:00Z,40MW\n";
    const events = parseEventFile(text, "events.csv");
    assert.deepEqual(
      events.map(({ id, intervals }) => [id, inMinutes(intervals)]),
      [
        ["heat", [[0, 30, 45]]],
        ["line 5", [[1440, 1500, 40]]],
      ],
    );
  });

  test("as a calendar gives a limit for each event, in its zone, by end or duration, folded lines and all", () => {
    const text = [
      "BEGIN:VCALENDAR",
      "BEGIN:VEVENT",
      "UID:kpx-1",
      "DTSTART;TZID=Asia/Seoul:20270804T180000",
      "DURATION:PT30M",
      "SUMMARY:Demand response\\, no more than",
      "  45 MW please",
      "END:VEVENT",
      "BEGIN:VEVENT",
      "UID:kpx-2",
      "DTSTART:20270804T100000Z",
      "DTEND:20270804T110000Z",
      "X-PULMU-LIMIT:40 MW",
      "END:VEVENT",
      "BEGIN:VEVENT",
      "UID:kpx-3",
      "STATUS:CANCELLED",
      "DTSTART:20270804T100000Z",
      "END:VEVENT",
      "END:VCALENDAR",
    ].join("\r\n");
    assert.deepEqual(
      parseEventFile(text, "events.ics").map(({ id, intervals }) => [id, inMinutes(intervals)]),
      [
        ["kpx-1", [[0, 30, 45]]],
        ["kpx-2", [[60, 120, 40]]],
      ],
    );
  });

  test("with mistakes tells all of them, each with its line", () => {
    const text =
      "start,end,limit\nyesterday,2027-08-04T18:30:00Z,45 MW\n2027-08-04T18:00:00Z,2027-08-04T17:00:00Z,45 MW\n2027-08-04T18:00:00Z,2027-08-04T19:00:00Z,45\n";
    assert.throws(
      () => parseEventFile(text, "events.csv"),
      (error: PulmuError) => {
        assert.deepEqual(
          error.problems.map(({ code, line }) => [code, line]),
          [
            ["events.time", 2],
            ["events.time", 3],
            ["quantity.unit", 4],
          ],
        );
        return true;
      },
    );
  });

  for (const [what, text, code] of [
    ["without its columns", "from,to\n", "events.header"],
    ["that is cut short", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:x\n", "events.truncated"],
    [
      "whose event repeats",
      "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20270804T100000Z\nRRULE:FREQ=DAILY\nEND:VEVENT\nEND:VCALENDAR",
      "events.recurring",
    ],
    [
      "whose event floats without a zone",
      "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20270804T100000\nEND:VEVENT\nEND:VCALENDAR",
      "events.time",
    ],
  ] as const) {
    test(`${what} is refused with ${code}`, () => {
      assert.throws(() => parseEventFile(text, "x"), { name: "PulmuError", code });
    });
  }
});

for (const [text, seconds] of [
  ["PT30M", 1800],
  ["P1DT2H", 93_600],
  ["PT0S", 0],
  ["PT1.5S", 1.5],
  ["P9999Y", Infinity],
  ["P", undefined],
  ["-PT5M", undefined],
  ["30m", undefined],
] as const) {
  test(`${text} is ${seconds} seconds`, () => assert.equal(parseIsoDuration(text), seconds));
}
