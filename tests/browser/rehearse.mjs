// What a first visit does, for `cargo xtask dist`: the code that runs here is the code that a first visit downloads.
//
//   HIGHWATER_DIST=… node tests/browser/rehearse.mjs MARKS
//
// The page must be a marked one (xtask/split): a byte for each piece of its code, 1 once it ran. MARKS gets all bytes.

import { writeFileSync } from "node:fs";
import { closeAll, openPage } from "./harness.mjs";

const WIDE = { viewport: { width: 1366, height: 768 } };
const PHONE = { viewport: { width: 390, height: 844 }, touch: true };

let marks = new Uint8Array();

/** Opens the page, does something on it, and adds what ran. */
async function visit(options, act, before) {
  const { page, close } = await openPage({
    ...options,
    before: async (page) => {
      await page.addInitScript(() =>
        addEventListener("TrunkApplicationStarted", ({ detail }) => (window.marks = detail.wasm.ran)),
      );
      await before?.(page);
    },
  });
  // A busy machine is no reason to fail.
  page.setDefaultTimeout(120_000);
  await act(page);
  const ran = await page.evaluate(() => {
    const text = [];
    for (const byte of new Uint8Array(window.marks.buffer)) text.push(byte);
    return text.join("");
  });
  if (marks.length === 0) marks = new Uint8Array(ran.length);
  marks.forEach((mark, at) => (marks[at] = mark | (ran[at] === "1")));
  await close();
}

const started = (page) => page.waitForFunction(() => window.highwater?.stats());
const seconds = (page, count) => page.waitForTimeout(count * 1000);

/** Something else comes before the page, which plays no more. */
const hide = (page) =>
  page.evaluate(() => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    delete document.hidden;
  });

/** Looks on, kills the leader, looks on, starts it again. What follows depends on when it is killed. */
async function watch(page, after) {
  await started(page);
  await seconds(page, after);
  await page.locator(".btn-big").click();
  await seconds(page, 10);
  await page.locator(".btn-big").click();
  await seconds(page, 8);
}

// Alone, so that frames follow each other as they do for a visitor.
await visit({ ...WIDE, lang: "en-US" }, (page) => watch(page, 2));

// All at once: most of it is looking on.
await Promise.all([
  // The whole of it, with the switches on top, the transport and the first screen's keys.
  visit({ ...WIDE, lang: "en-US" }, async (page) => {
    await watch(page, 2);
    for (const key of ["Tab", "Tab", "k", "Space", "t", "t", "t", "l", "l", "Escape"]) {
      await page.keyboard.press(key);
      await seconds(page, 0.3);
    }
    await page.locator(".language").click();
    await page.locator("header.top button[title]").click();
    await page.locator(".under button").first().click();
    await page.mouse.move(300, 300);
    await page.mouse.move(800, 400);
    await seconds(page, 1);
    await page.evaluate(() => {
      window.highwater.pause();
      window.highwater.play();
    });
    await hide(page);
    await seconds(page, 1);
  }),
  visit({ ...WIDE, lang: "zh-CN", theme: "dark" }, async (page) => {
    await watch(page, 3.3);
    // By pointer here, by key above: both have to fetch the words.
    await page.locator(".language").click();
    await page.waitForFunction(() => document.documentElement.lang === "en");
    await seconds(page, 1);
  }),
  visit({ ...PHONE, lang: "zh-CN" }, (page) => watch(page, 5)),
  visit({ ...PHONE, lang: "en-US", reducedMotion: true }, async (page) => {
    await started(page);
    await seconds(page, 1);
    await page.locator(".under button").first().click();
    await watch(page, 4);
  }),
  visit({ ...WIDE, path: "?theme=projector&lang=en#/" }, async (page) => {
    await started(page);
    // Long enough to see it begin anew.
    await seconds(page, 40);
  }),
  visit({ ...WIDE, lang: "en-US" }, (page) => watch(page, 1)),
  visit({ ...WIDE, lang: "en-US" }, (page) => watch(page, 7)),

  // What is shown when something is wrong must not need what may be missing.
  visit(WIDE, async (page) => {
    await started(page);
    await page.evaluate(() => window.highwater.broken("a rehearsal"));
    await page.locator('#crash [data-crash="afresh"]').first().click();
    await seconds(page, 2);
  }),
  visit(WIDE, async (page) => {
    await started(page);
    await page.evaluate(() => window.highwater.broken("not loaded: a rehearsal"));
  }),
  visit(
    WIDE,
    (page) => page.locator("#crash").waitFor(),
    (page) => page.route(/words\./, (route) => route.abort()),
  ),
  // A story waits for the program's second part (`static/later.js`) and for its own files; either may fail.
  visit(
    WIDE,
    async (page) => {
      await started(page);
      for (const part of ["resolve", "reject"]) {
        await page.evaluate((part) => (window.highwaterLater = () => Promise[part]()), part);
        await page.locator(".cards a").nth(part === "reject" ? 1 : 0).click();
        await page.locator(".notice").waitFor();
        await page.keyboard.press("Escape");
        await page.locator(".notice").waitFor({ state: "detached" });
      }
    },
    (page) => page.route(/\.kdl/, (route) => route.abort()),
  ),
]);

await closeAll();
writeFileSync(process.argv[2], marks);
console.log(`${marks.filter((mark) => mark).length} of ${marks.length} pieces of code ran`);
