// What every test of the page starts from: dist/ on a strict static host, the
// system's Chromium, and pages that write down whatever goes wrong in them.
//
//   import { after, test } from "node:test";
//   import { axe, closeAll, openPage } from "./harness.mjs";
//
//   after(closeAll);
//   test("starts", async () => {
//     const { page, problems } = await openPage({ lang: "zh-CN" });
//     await page.getByRole("main").waitFor();
//     assert.deepEqual(problems(), []);
//     assert.deepEqual(await axe(page), []);
//   });

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";
import { DIST, serve } from "./server.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Chromium as root, on a machine without a network, without a display. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

let server;
let browser;

async function start() {
  if (!existsSync(join(DIST, "index.html"))) {
    throw new Error("dist/ holds no page: run `cargo xtask dist` first");
  }
  server ??= serve();
  browser ??= chromium.launch({ executablePath: executable(), args: ARGUMENTS });
  return Promise.all([server, browser]);
}

/** `cargo xtask test` says which Chromium; by hand it is looked for on PATH. */
function executable() {
  if (process.env.HIGHWATER_CHROMIUM) return process.env.HIGHWATER_CHROMIUM;
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const dirs = (process.env.PATH ?? "").split(delimiter);
  const found = names.flatMap((name) => dirs.map((dir) => join(dir, name))).find(existsSync);
  if (!found) throw new Error("no Chromium on PATH: run `cargo xtask setup`");
  return found;
}

/** Ends browser and server. Call it once in each file: `after(closeAll)`. */
export async function closeAll() {
  const [host, program] = [server, browser];
  server = browser = undefined;
  await (await program)?.close();
  await (await host)?.close();
}

/**
 * Opens the page in a fresh profile (nothing stored, nothing cached).
 *
 * @param {object} options
 * @param {string} [options.path] what follows the page's folder, such as "#lesson=…"
 * @param {string} [options.lang] the browser's language: "en-US", "zh-CN" …
 * @param {{width: number, height: number}} [options.viewport]
 * @param {"light" | "dark"} [options.theme] what the system prefers
 * @param {boolean} [options.reducedMotion]
 * @param {boolean} [options.forcedColors]
 * @param {boolean} [options.touch] a finger instead of a mouse
 * @param {object} [options.storageState] what an earlier visit left (context.storageState())
 * @param {(page: import("playwright-core").Page) => Promise<void>} [options.before]
 *   runs before the page is loaded, e.g. to add an init script
 * @returns {Promise<{page: import("playwright-core").Page, context: import("playwright-core").BrowserContext, url: string, problems: () => string[], close: () => Promise<void>}>}
 */
export async function openPage({
  path = "",
  lang = "en-US",
  viewport = { width: 1280, height: 800 },
  theme = "light",
  reducedMotion = false,
  forcedColors = false,
  touch = false,
  storageState,
  before,
} = {}) {
  const [host, program] = await start();
  const context = await program.newContext({
    locale: lang,
    viewport,
    colorScheme: theme,
    reducedMotion: reducedMotion ? "reduce" : "no-preference",
    forcedColors: forcedColors ? "active" : "none",
    hasTouch: touch,
    isMobile: touch,
    storageState,
    acceptDownloads: true,
  });
  const problems = [];
  await forbidOtherHosts(context, host.origin, problems);
  const page = await context.newPage();
  await watch(page, host.origin, problems);
  await before?.(page);
  const url = new URL(path, host.url).href;
  await page.goto(url, { waitUntil: "load" });
  return {
    page,
    context,
    url,
    problems: () => [...problems],
    close: () => context.close(),
  };
}

/** The page must work without anybody else's server: such requests are noted and refused. */
async function forbidOtherHosts(context, origin, problems) {
  const foreign = (url) => /^https?:$/.test(url.protocol) && url.origin !== origin;
  await context.route(foreign, (route) => {
    problems.push(`request to another host: ${route.request().url()}`);
    return route.abort();
  });
  await context.routeWebSocket(/./, (socket) => {
    problems.push(`web socket: ${socket.url()}`);
    socket.close();
  });
}

async function watch(page, origin, problems) {
  page.on("pageerror", (error) => problems.push(`page error: ${error.stack ?? error}`));
  page.on("crash", () => problems.push("the page crashed"));
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    const { url } = message.location();
    problems.push(`console error: ${message.text()}${url ? ` (${url})` : ""}`);
  });
  page.on("response", (response) => {
    if (response.url().startsWith(origin) && response.status() >= 400) {
      problems.push(`${response.status()}: ${response.url()}`);
    }
  });
  // Not every violation reaches the console, so the page reports them itself.
  await page.exposeFunction("__policyViolation", (text) => problems.push(`policy: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const what = event.blockedURI || event.sourceFile;
      window.__policyViolation(`${event.effectiveDirective} forbids ${what}: ${event.sample}`);
    });
  });
}

/**
 * Accessibility faults, found by axe.
 * @param {import("playwright-core").Page} page
 * @returns {Promise<string[]>} one line each: impact, rule, where, what to do
 */
export async function axe(page) {
  // Evaluated by the debugger, not added as a script, so that the policy stays strict.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    const result = await window.axe.run(document, {
      resultTypes: ["violations"],
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      // Experimental in axe. It wants every figure of a drawing repeated in its name; a name here is a sentence that says
      // what the drawing means ("orders-0, broker 2, leader, LEO 6, HW 5").
      rules: { "label-content-name-mismatch": { enabled: false } },
    });
    return result.violations;
  });
  return violations.flatMap(({ impact, id, help, nodes }) =>
    nodes.map(({ target }) => `${impact}: ${id} at ${target.join(" ")}: ${help}`),
  );
}
