import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { load } from "./load.ts";
import { say } from "./rows.ts";
import { chat } from "./speed.ts";
import { pulmu, type Target } from "./targets.ts";

/** Sockets to the callers and to the upstream, in one process that may open 20,000 files. */
const STREAMS = 9_900;
const AT_ONCE = 100;

/** A request over a socket of its own: ten thousand clients in one process have to be small. */
async function ask(target: Target, body: object): Promise<Socket> {
  const { hostname, port } = new URL(target.url);
  const text = JSON.stringify(body);
  const socket = connect(Number(port), hostname);
  const headers = { host: hostname, "content-type": "application/json", "content-length": Buffer.byteLength(text), ...target.headers };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`POST /v1/chat/completions HTTP/1.1\r\n${lines.join("")}\r\n${text}`);
  await once(socket, "data");
  return socket;
}

/** Streams that gave their first token and then say nothing. */
export async function idleStreams(upstream: Target): Promise<void> {
  const target = await pulmu(upstream.url);
  const sockets: Socket[] = [];
  try {
    await load({ url: target.url, headers: target.headers, body: JSON.stringify(chat(400)), connections: 16, durationMs: 1_000 });
    const emptyMb = target.residentMb();
    while (sockets.length < STREAMS) {
      const more = Array.from({ length: AT_ONCE }, () => ask(target, chat(400, { user: "pace-3600000", stream: true })));
      sockets.push(...(await Promise.all(more)));
    }
    await sleep(3_000);
    const fullMb = target.residentMb();
    say(
      `\n${sockets.length} idle streams: ${fullMb.toFixed(0)} MB (${emptyMb.toFixed(0)} before), ${(((fullMb - emptyMb) * 1_024) / STREAMS).toFixed(1)} KB each`,
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    await target.stop();
  }
}

/** An upstream that would send for ever, and a caller that takes a byte a second. */
export async function slowReader(upstream: Target): Promise<void> {
  const target = await pulmu(upstream.url);
  try {
    const flooded = async () => Number(await (await fetch(upstream.url)).text());
    const [before, beforeMb] = [await flooded(), target.residentMb()];
    const socket = await ask(target, chat(400, { user: "flood", stream: true }));
    socket.pause();
    let at: number[] = [];
    for (let second = 0; second < 10; second++) {
      socket.read(1);
      await sleep(1_000);
      at.push((await flooded()) - before);
    }
    say(
      `a reader of 1 byte/s: after 10 s the upstream had handed over ${(at[9] / 1e6).toFixed(1)} MB (${((at[9] - at[4]) / 1e6).toFixed(1)} MB of it in the last 5 s), the gateway grew by ${(target.residentMb() - beforeMb).toFixed(0)} MB`,
    );
    socket.destroy();
  } finally {
    await target.stop();
  }
}

/** Callers that come, ask, take all or leave half way: memory by the minute. */
export async function churn(upstream: Target, minutes: number): Promise<void> {
  const target = await pulmu(upstream.url);
  try {
    const sizes: number[] = [];
    const options = { url: target.url, headers: target.headers };
    for (let minute = 0; minute < minutes; minute++) {
      const untilMs = performance.now() + 60_000;
      while (performance.now() < untilMs) {
        await load({ ...options, body: JSON.stringify(chat(400)), connections: 24, durationMs: 1_500 });
        await load({ ...options, body: JSON.stringify(chat(400, { stream: true })), connections: 24, durationMs: 1_500 });
        const left = await Promise.all(Array.from({ length: 50 }, () => ask(target, chat(4_000, { user: "pace-50", stream: true }))));
        await sleep(100);
        for (const socket of left) socket.destroy();
      }
      sizes.push(target.residentMb());
      say(`coming and going, minute ${minute + 1}: ${sizes[minute].toFixed(0)} MB`);
    }
  } finally {
    await target.stop();
  }
}
