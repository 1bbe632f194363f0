/** The least a gateway in Node can do: bytes in, bytes out, nothing looked at. What it costs is the floor for ours. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";

const upstream = new URL(process.argv[2]);
const pool = new Pool(upstream.origin);
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const options = {
      path: request.url!,
      method: "POST" as const,
      headers: { "content-type": "application/json" },
      body: Buffer.concat(chunks),
    };
    pool.dispatch(options, {
      onRequestStart() {},
      onResponseStart(_, status, headers) {
        const length = headers["content-length"];
        response.writeHead(status, {
          "content-type": String(headers["content-type"]),
          ...(length === undefined ? {} : { "content-length": String(length) }),
        });
      },
      onResponseData(_, chunk) {
        response.write(chunk);
      },
      onResponseEnd() {
        response.end();
      },
      onResponseError() {
        response.destroy();
      },
    });
  });
});
server.listen(0, "127.0.0.1", () =>
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` })}\n`),
);
