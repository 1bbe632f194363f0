import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** An authorisation server for tests: client `pulmu` with secret `s3cret` gets tokens that can be revoked all at once. */
export interface TokenServer {
  readonly tokenUrl: string;
  /** Tokens given so far. */
  readonly given: readonly string[];
  accepts(token: string): boolean;
  revokeAll(): void;
  /** What the next answers look like instead; undefined: as they should. */
  misbehave(answer: { readonly status: number; readonly body: string } | undefined): void;
  close(): Promise<void>;
}

export async function startTokenServer(lifeS: number | undefined): Promise<TokenServer> {
  const given: string[] = [];
  const valid = new Set<string>();
  let wrong: { readonly status: number; readonly body: string } | undefined;
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      if (wrong !== undefined) return response.writeHead(wrong.status).end(wrong.body);
      const form = new URLSearchParams(body);
      const known = form.get("client_id") === "pulmu" && form.get("client_secret") === "s3cret" && form.get("scope") === "mqtt";
      if (form.get("grant_type") !== "client_credentials" || !known) {
        return response.writeHead(401).end(JSON.stringify({ error: "invalid_client" }));
      }
      const token = `token-${given.length + 1}`;
      given.push(token);
      valid.add(token);
      return response.end(JSON.stringify({ access_token: token, token_type: "Bearer", ...(lifeS !== undefined && { expires_in: lifeS }) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    tokenUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    given,
    accepts: (token) => valid.has(token),
    revokeAll: () => valid.clear(),
    misbehave: (answer) => (wrong = answer),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
