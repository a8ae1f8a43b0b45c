// The page around the stage: menu button, forms, loop, switches, lookup panels, links that only show.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { axe, closeAll, openPage } from "./harness.mjs";

after(closeAll);

async function open(path, options = {}) {
  const opened = await openPage({ path, lang: "en", viewport: { width: 1366, height: 768 }, ...options });
  await opened.page.waitForFunction(() => window.highwater?.stats());
  await opened.page.evaluate(() => window.highwater.pause());
  return opened;
}

const hash = (page) => page.evaluate(() => window.highwater.stateHash());
const seek = (page, seconds) => page.evaluate((us) => window.highwater.seek(us), seconds * 1e6);
const time = (page) => page.evaluate(() => window.highwater.stats().time / 1e6);

test("the menu button has the menu of what is selected, at a desk and on a phone", async () => {
  for (const options of [{}, { viewport: { width: 390, height: 844 }, touch: true }]) {
    const { page, problems, close } = await open("#/sandbox?lang=en", options);
    await seek(page, 9);
    await page.locator('[data-target="node:1"]').first().click({ position: { x: 12, y: 8 } });
    await page.getByRole("button", { name: "What can be done" }).locator("visible=true").first().click();
    await page.getByRole("menuitem", { name: "More faults and changes" }).click();
    assert.ok(await page.getByRole("menuitem", { name: "Fill its disk" }).isVisible());
    assert.deepEqual(await axe(page), []);
    await page.getByRole("menuitem", { name: "Kill broker 1" }).click();
    await page.getByRole("menu").waitFor({ state: "detached" });
    assert.deepEqual(problems(), []);
    await close();
  }
});

test("what is added can be said first, and a wrong number changes nothing", async () => {
  const { page, problems, close } = await open("#/sandbox?lang=en");
  await seek(page, 9);
  const before = await hash(page);
  await page.getByRole("button", { name: "Add a topic: say how" }).click();
  const form = page.getByRole("dialog");
  const fields = form.locator("[data-field]");
  await fields.nth(0).fill("payments");
  await fields.nth(1).fill("0");
  await form.getByRole("button", { name: "Do it" }).click();
  assert.match(await form.getByRole("alert").innerText(), /does not fit/);
  assert.equal(await hash(page), before);
  await fields.nth(1).fill("2");
  assert.deepEqual(await axe(page), []);
  await fields.nth(1).press("Enter");
  await form.waitFor({ state: "hidden" });
  await seek(page, 11);
  await page.keyboard.press("w");
  const tables = page.locator(".tables");
  assert.match(await tables.innerText(), /payments-1/);
  assert.doesNotMatch(await tables.innerText(), /payments-2/);
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(problems(), []);
  await close();
});

test("events are looked for and lead to their moment, records have a row each", async () => {
  const { page, problems, close } = await open("#/s/02-leader-failover?lang=en&panels=events");
  await page.evaluate(() => window.highwater.act("to-end"));
  await page.getByRole("searchbox").fill("LeaderElected");
  const lines = page.locator(".events [data-n]");
  await page.waitForFunction(() => document.querySelectorAll(".events [data-n]").length < 20);
  const n = Number(await lines.first().getAttribute("data-n"));
  await lines.first().click();
  assert.equal(await page.evaluate(() => window.highwater.stats().events), n);
  await page.locator("body").press("Escape");
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("r");
  assert.ok((await page.locator(".tables tbody tr").count()) > 3);
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(problems(), []);
  await close();
});

test("a loop shows the same stretch again and again until it is cleared", async () => {
  const { page, problems, close } = await open("#/sandbox?lang=en");
  await seek(page, 9);
  await page.keyboard.press("[");
  await seek(page, 9.4);
  await page.keyboard.press("]");
  await page.evaluate(() => window.highwater.play());
  for (let look = 0; look < 10; look += 1) {
    await page.waitForTimeout(300);
    const now = await time(page);
    assert.ok(now >= 8.9 && now < 10, `${now}`);
  }
  await page.keyboard.press("Shift+BracketLeft");
  await page.waitForFunction(() => window.highwater.stats().time > 10e6, null, { timeout: 20_000 });
  assert.deepEqual(problems(), []);
  await close();
});

test("single letters can be switched off, and stay so", async () => {
  const { page, context, problems, close } = await open("#/sandbox?lang=en");
  const panel = () => page.locator(".tables").count();
  await page.keyboard.press("?");
  await page.getByRole("checkbox", { name: /Single letters/ }).uncheck();
  await page.getByRole("searchbox").fill("undo");
  assert.match(await page.locator(".keys").innerText(), /Ctrl\+Z/);
  assert.doesNotMatch(await page.locator(".keys").innerText(), /Black screen/);
  // The first Escape empties the field, the second closes the sheet.
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.locator(".keys").waitFor({ state: "hidden" });
  await page.keyboard.press("w");
  assert.equal(await panel(), 0);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "What do you want to do?" }).waitFor();
  const kept = await context.storageState();
  assert.match(JSON.stringify(kept), /highwater\.letters/);
  assert.deepEqual(problems(), []);
  await close();
});

test("a link that only shows lets one step and not act", async () => {
  const { page, problems, close } = await open("#/s/02-leader-failover?lang=en&mode=play&speed=0.5");
  await seek(page, 7);
  const before = await hash(page);
  assert.match(await page.evaluate(() => window.highwater.do('{"do":"stop","node":1,"how":"Crash"}')), /look/);
  await page.keyboard.press("Alt+1");
  assert.equal(await hash(page), before);
  await page.getByText("This link is for looking").waitFor();
  assert.equal(await page.locator(".speed [aria-pressed=true]").innerText(), "½×");
  await page.getByRole("link", { name: "Open it to change things" }).click();
  await page.waitForFunction(() => !location.hash.includes("mode=play"));
  await page.keyboard.press("Alt+1");
  assert.notEqual(await hash(page), before);
  assert.deepEqual(problems(), []);
  await close();
});

test("without WebAssembly the page says so in both languages", async () => {
  const { page, close } = await openPage({
    before: (page) => page.addInitScript(() => delete window.WebAssembly),
  });
  await page.getByText("does not allow WebAssembly").waitFor();
  assert.ok(await page.getByText("安全策略不允许 WebAssembly").isVisible());
  await close();
});

test("the sandbox is one link or one word away, on the narrowest phone too", async () => {
  const { page, problems, close } = await open("", { viewport: { width: 360, height: 740 }, touch: true });
  assert.ok(await page.locator(".top-link").isVisible());
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wide, 0, "nothing is wider than the screen");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("sandbox");
  await page.getByRole("option", { name: "Open the sandbox" }).click();
  await page.waitForFunction(() => location.hash.startsWith("#/sandbox"));
  assert.deepEqual(problems(), []);
  await close();
});
