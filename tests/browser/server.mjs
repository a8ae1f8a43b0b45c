// A static host as strict as a good one: it serves dist/ and nothing else, with
// a Content-Security-Policy that the page must live with.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that `cargo xtask dist` fills, or another build of the page. */
export const DIST = process.env.HIGHWATER_DIST ?? fileURLToPath(new URL("../../dist", import.meta.url));

/** WebAssembly needs 'wasm-unsafe-eval'; style attributes need 'unsafe-inline'. */
export const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'none'",
].join("; ");

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".kdl": "text/plain; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/**
 * Serves `root` at a free port of this machine, below `prefix`: pages are often
 * put into a folder, so the tests do that too.
 * @returns {Promise<{origin: string, url: string, close: () => Promise<void>}>}
 */
export async function serve({ root = DIST, prefix = "/class/highwater/" } = {}) {
  const server = createServer(async (request, response) => {
    const answer = (status, text) => {
      response.writeHead(status, { "content-type": "text/plain" });
      response.end(text);
    };
    if (request.method !== "GET" && request.method !== "HEAD") {
      return answer(405, "only GET and HEAD");
    }
    let path;
    try {
      path = decodeURIComponent(new URL(request.url, "http://host").pathname);
    } catch {
      return answer(400, "bad address");
    }
    // Chromium asks for it by itself; that is no mistake of the page.
    if (path === "/favicon.ico") return answer(204, "");
    if (!path.startsWith(prefix)) return answer(404, "not below the page's folder");
    path = path.slice(prefix.length);
    if (path === "" || path.endsWith("/")) path += "index.html";
    const file = join(root, path);
    const info = await stat(file).catch(() => null);
    if (!file.startsWith(root + sep) || !info?.isFile()) return answer(404, "no such file");
    response.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-length": info.size,
      "content-security-policy": POLICY,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    });
    if (request.method === "HEAD") response.end();
    else createReadStream(file).pipe(response);
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    url: origin + prefix,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
