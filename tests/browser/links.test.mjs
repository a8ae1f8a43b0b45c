// A run leaves the page as a link or a file and comes back as the same run; the sandbox is there on the next visit;
// what is hostile is refused, and nothing is lost.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { axe, closeAll, openPage } from "./harness.mjs";

after(closeAll);

const FIXTURE = readFileSync(new URL("../links/1-leader-failover.txt", import.meta.url), "utf8").trim();

async function open(path, options = {}) {
  const opened = await openPage({ path, lang: "en", viewport: { width: 1366, height: 768 }, ...options });
  await opened.page.waitForFunction(() => window.highwater?.stats());
  await opened.page.evaluate(() => window.highwater.pause());
  return opened;
}

const hash = (page) => page.evaluate(() => window.highwater.stateHash());
const seek = (page, seconds) => page.evaluate((us) => window.highwater.seek(us), seconds * 1e6);
const link = (page) => page.evaluate(() => window.highwater.link());
const fragment = async (page) => new URL(await link(page)).hash;
const load = (page, text) => page.evaluate((text) => window.highwater.load(text), text);
const act = (page, name) => page.evaluate((name) => window.highwater.act(name), name);

/** Two acts that leave their mark on the sandbox. */
async function build(page) {
  await seek(page, 9);
  assert.equal(await act(page, "add-broker"), true);
  await page.evaluate(() => window.highwater.do({ do: "stop", node: 2, how: "Crash" }));
  await seek(page, 21);
}

test("the sandbox as a link, by button, by key and by the programming interface: the same run elsewhere", async () => {
  const { page, context, problems, close } = await open("#/sandbox");
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await build(page);
  const [before, written] = [await hash(page), await link(page)];
  assert.match(written, /#\/x\/1[\w-]+\?event=\d+$/);
  const ways = [
    () => page.locator(".top").getByRole("button", { name: "Copy link to this run" }).click(),
    async () => {
      await page.evaluate(() => document.activeElement?.blur());
      await page.keyboard.press("Shift+L");
    },
    () => act(page, "copy-link"),
  ];
  for (const way of ways) {
    await page.evaluate(() => navigator.clipboard.writeText(""));
    await way();
    await page.locator(".notice-link").waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), written);
    assert.equal(await page.locator(".notice-link").inputValue(), written);
    await page.keyboard.press("Escape");
  }
  const elsewhere = await open(new URL(written).hash, { lang: "zh-CN" });
  assert.equal(await hash(elsewhere.page), before);
  await elsewhere.page.evaluate(() => window.highwater.seek(4e6));
  await seek(elsewhere.page, 21);
  assert.equal(await hash(elsewhere.page), before, "its past and its future are those of the link");
  assert.deepEqual([...problems(), ...elsewhere.problems()], []);
  await elsewhere.close();
  await close();
});

test("a lesson is its own short address until somebody acts in it", async () => {
  const { page, problems, close } = await open("#/s/02-leader-failover");
  await seek(page, 7);
  assert.match(await link(page), /#\/s\/02-leader-failover\?event=\d+$/);
  await page.evaluate(() => window.highwater.do({ do: "stop", node: 3, how: "Crash" }));
  await seek(page, 12);
  const [before, written] = [await hash(page), await fragment(page)];
  assert.match(written, /^#\/x\/1/);
  assert.equal(await load(page, written), null);
  await page.locator(".adds").waitFor();
  assert.equal(await hash(page), before);
  assert.deepEqual(problems(), []);
  await close();
});

test("a run is downloaded as a scenario that reads well, and opens again to the same state", async () => {
  const { page, problems, close } = await open("#/sandbox");
  await build(page);
  const before = await hash(page);
  const [download] = await Promise.all([page.waitForEvent("download"), act(page, "download-scenario")]);
  assert.match(download.suggestedFilename(), /\.kdl$/);
  const text = readFileSync(await download.path(), "utf8");
  assert.match(text, /^brokers 4/m);
  assert.match(text, /\{ kill 2; \}/);
  assert.equal(await load(page, text), null);
  assert.notEqual(await hash(page), before);
  await seek(page, 21);
  assert.equal(await hash(page), before);
  assert.deepEqual(problems(), []);
  await close();
});

test("links made once open: in an address, and while a lesson is on the page", async () => {
  const first = await open(FIXTURE);
  assert.match(await first.page.evaluate(() => window.highwater.scenario()), /^scenario leader-failover seed=11/);
  assert.deepEqual(await axe(first.page), []);
  await first.close();
  const { page, problems, close } = await open("#/s/01a-queue");
  await page.evaluate((link) => (location.hash = link), `${FIXTURE}?event=700&lang=zh-CN`);
  await page.waitForFunction(() => document.documentElement.lang === "zh-CN" && window.highwater.stats()?.events === 700);
  assert.deepEqual(problems(), []);
  await close();
});

test("the sandbox is there again, with a notice, and can be left for a fresh one and brought back", async () => {
  const { page, context, problems, close } = await open("#/sandbox");
  await build(page);
  const before = await hash(page);
  await page.waitForFunction(() => localStorage.getItem("highwater.sandboxes"));
  await page.waitForTimeout(700);
  const storageState = await context.storageState();
  await close();
  const again = await open("#/sandbox", { storageState });
  assert.equal(await hash(again.page), before);
  assert.match(await again.page.locator(".notice").innerText(), /as you left it/);
  assert.deepEqual(await axe(again.page), []);
  await again.page.locator(".notice").getByRole("button", { name: "Start the sandbox afresh" }).click();
  const fresh = await hash(again.page);
  assert.notEqual(fresh, before);
  await again.page.reload();
  await again.page.waitForFunction(() => window.highwater?.stats());
  await again.page.evaluate(() => window.highwater.pause());
  assert.equal(await hash(again.page), fresh, "left afresh, it is fresh on the next visit");
  assert.equal(await act(again.page, "earlier-sandbox"), true);
  assert.equal(await hash(again.page), before);
  assert.deepEqual([...problems(), ...again.problems()], []);
  await again.close();
});

test("a link opened over a sandbox does not take its place", async () => {
  const { page, problems, close } = await open("#/sandbox");
  await build(page);
  const before = await hash(page);
  assert.equal(await load(page, FIXTURE), null);
  assert.notEqual(await hash(page), before);
  assert.equal(await act(page, "earlier-sandbox"), true);
  assert.equal(await hash(page), before);
  assert.deepEqual(problems(), []);
  await close();
});

const code = FIXTURE.slice(4);
const HOSTILE = [
  "#/x/", "#/x/1", "#/x/7AAAA", "#/x/<img src=x onerror=alert(1)>", `#/x/${code.slice(0, -9)}`,
  `#/x/${code.slice(0, 50)}A${code.slice(51)}`, `#/x/1${"A".repeat(200_000)}`, `#/x/9${code.slice(1)}`, "#/x/1AAAé",
];

test("hostile links are refused in words, within a second, and the page keeps what it had", async () => {
  const { page, problems, close } = await open("#/sandbox");
  await build(page);
  const before = await hash(page);
  for (const lang of ["en", "zh-CN"]) {
    await page.waitForFunction((lang) => document.documentElement.lang === lang, lang);
    for (const hostile of HOSTILE) {
      const begun = Date.now();
      const said = await load(page, hostile);
      assert.ok(Date.now() - begun < 1_000, `${hostile.slice(0, 40)} takes ${Date.now() - begun} ms`);
      assert.equal(said?.length, 1, hostile.slice(0, 40));
      const title = await page.locator(".notice-title").innerText();
      assert.match(title, lang === "en" ? /link/ : /链接/);
      assert.equal(await hash(page), before);
    }
    // The same by the address: it goes back to what is on the page.
    await page.keyboard.press("Escape");
    await page.evaluate((hostile) => (location.hash = hostile), HOSTILE[4]);
    await page.locator(".notice-title").waitFor();
    assert.equal(await page.evaluate(() => location.hash), "#/sandbox");
    assert.equal(await hash(page), before);
    await act(page, "language");
  }
  const text = 'brokers 1\nnetwork latency="1ms"\ntopic t\nproducer p topic=t every="100us"\nstory { until lost 7 within="9h"; }';
  assert.match((await load(page, text)).join(), /more than 500000 events/);
  assert.equal(await hash(page), before);
  await seek(page, 0.5);
  await page.evaluate((link) => window.highwater.load(link), `${FIXTURE}?t=999999999999`);
  assert.ok((await page.evaluate(() => window.highwater.stats())).events > 100);
  assert.deepEqual(problems(), []);
  await close();
});

test("a first visit with a damaged link is the first screen and a word about it", async () => {
  const { page, problems, close } = await openPage({ path: HOSTILE[4], lang: "zh-CN" });
  await page.waitForFunction(() => window.highwater?.stats());
  assert.match(await page.locator(".notice").innerText(), /链接已损坏或被截断/);
  assert.equal(await page.locator(".btn-big").count(), 1);
  assert.deepEqual(problems(), []);
  await close();
});

test("the card says where the run is, and goes back to before with all that was done", async () => {
  const { page, close } = await open("#/sandbox");
  await build(page);
  const before = await hash(page);
  await page.waitForTimeout(800);
  await page.evaluate(() => window.highwater.broken("a test of the card"));
  const report = await page.locator("#crash pre").innerText();
  assert.match(report, /a test of the card[\s\S]*#\/x\/1[\w-]+\?event=\d+/);
  await page.locator('#crash [data-crash="before"]').first().click();
  await page.waitForFunction((before) => window.highwater?.stateHash() === before, before);
  await close();
});
