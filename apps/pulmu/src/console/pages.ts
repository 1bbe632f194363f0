import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Hono } from "hono";

/** What `npm start` builds from apps/console. */
const BUILT = join(import.meta.dirname, "../../../console/dist");
/** The pages' own addresses: each is answered with the one document, whose script shows the page. */
const PAGES = ["/", "/grid", "/work", "/tokens", "/allotment", "/why", "/why/*"] as const;
/** Smaller than this is not worth packing. */
const PACK_FROM = 1_024;

/** Two rules that React Aria puts into the document by itself (touch on buttons, and scrolling under a dialogue), known by what they say. */
const LIBRARY_STYLES = ["'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o='", "'sha256-gYiS/BvZvRcK27JIXTuwhZ3hs2+VJ1X+2gUlE+farlg='"];

/** Nothing but the console's own files, no script or style in the document, no other host. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'self' ${LIBRARY_STYLES.join(" ")}`,
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  woff2: "font/woff2",
  svg: "image/svg+xml",
};

const NOT_BUILT = `<!doctype html><meta charset="utf-8"><title>Pulmu</title>
<p>The console is not built yet: <code>npm start</code> builds it, or <code>node scripts/bootstrap.mjs console</code>.
<p><a href="/api/state">/api/state</a> has the factory's numbers, <a href="/metrics">/metrics</a> Prometheus' view of them.`;

interface PackedFile {
  readonly type: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Serves the built console. A file is read once and kept packed: its name holds the hash of what is in it. The document is read each time,
 * so that a console that was built again is served without a restart.
 */
export function servePages(app: Hono, folder = BUILT): void {
  const files = new Map<string, PackedFile>();
  for (const page of PAGES) {
    app.get(page, (context) => {
      context.header("Content-Security-Policy", PAGE_POLICY);
      const document = join(folder, "index.html");
      return context.html(existsSync(document) ? readFileSync(document, "utf8") : NOT_BUILT);
    });
  }
  app.get("/assets/:name", async (context, next) => {
    const name = context.req.param("name");
    const path = join(folder, "assets", name);
    if (!/^[\w-]+(\.[\w-]+)*$/.test(name) || !existsSync(path)) return next(); // the API's own "not found"
    const file = files.get(name) ?? pack(path);
    files.set(name, file);
    const packed = /\bgzip\b/.test(context.req.header("Accept-Encoding") ?? "") ? file.gzip : undefined;
    return context.body(packed ?? file.plain, 200, {
      "Content-Type": file.type,
      "Cache-Control": "public, max-age=31536000, immutable",
      Vary: "Accept-Encoding",
      ...(packed !== undefined && { "Content-Encoding": "gzip" }),
    });
  });
}

function pack(path: string): PackedFile {
  const plain = new Uint8Array(readFileSync(path));
  const type = TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream";
  const isText = /^(text|image\/svg)/.test(type);
  return { type, plain, gzip: isText && plain.length >= PACK_FROM ? new Uint8Array(gzipSync(plain)) : undefined };
}
