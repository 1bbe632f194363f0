import { existsSync, globSync, readFileSync } from "node:fs";
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
  html: "text/html; charset=utf-8",
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

/** Serves the built console. Files are read on first use and kept packed: all of them are well under a megabyte. */
export function servePages(app: Hono, folder = BUILT): void {
  const known = new Set(existsSync(folder) ? globSync("assets/*", { cwd: folder }).map((file) => file.replaceAll("\\", "/")) : []);
  const files = new Map<string, PackedFile>();
  const read = (name: string) => {
    const file = files.get(name) ?? pack(join(folder, name));
    files.set(name, file);
    return file;
  };
  const answer = (file: PackedFile, encodings: string | undefined, headers: Record<string, string>) => {
    const packed = file.gzip !== undefined && /\bgzip\b/.test(encodings ?? "") ? file.gzip : undefined;
    return new Response(packed ?? file.plain, {
      headers: { "Content-Type": file.type, Vary: "Accept-Encoding", ...(packed && { "Content-Encoding": "gzip" }), ...headers },
    });
  };
  for (const page of PAGES) {
    app.get(page, (context) => {
      context.header("Content-Security-Policy", PAGE_POLICY);
      if (!existsSync(join(folder, "index.html"))) return context.html(NOT_BUILT);
      return answer(read("index.html"), context.req.header("Accept-Encoding"), { "Content-Security-Policy": PAGE_POLICY });
    });
  }
  app.get("/assets/:name", (context, next) => {
    const name = `assets/${context.req.param("name")}`;
    if (!known.has(name)) return next(); // the API's own "not found"
    // A file's name holds the hash of what is in it.
    const headers = { "Cache-Control": "public, max-age=31536000, immutable" };
    return Promise.resolve(answer(read(name), context.req.header("Accept-Encoding"), headers));
  });
}

function pack(path: string): PackedFile {
  const plain = new Uint8Array(readFileSync(path));
  const type = TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream";
  const isText = /^(text|image\/svg)/.test(type);
  return { type, plain, gzip: isText && plain.length >= PACK_FROM ? new Uint8Array(gzipSync(plain)) : undefined };
}
