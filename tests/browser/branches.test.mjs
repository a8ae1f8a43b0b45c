// Both futures of an act in the past: drawn, named, turned to, compared.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { axe, closeAll, openPage } from "./harness.mjs";

after(closeAll);

async function open(options = {}) {
  const { lang = "en" } = options;
  const opened = await openPage({ path: `#/sandbox?lang=${lang}`, lang, viewport: { width: 1366, height: 768 }, ...options });
  await opened.page.waitForFunction(() => window.highwater?.stats());
  await opened.page.evaluate(() => window.highwater.pause());
  return opened;
}

const seek = (page, seconds) => page.evaluate((us) => window.highwater.seek(us), seconds * 1e6);
const kill = (page, node) => page.evaluate((node) => window.highwater.do({ do: "stop", node, how: "Crash" }), node);
const act = (page, name) => page.evaluate((name) => window.highwater.act(name), name);
const branches = (page) => page.evaluate(() => window.highwater.branches());
const time = (page) => page.evaluate(() => window.highwater.stats().time);
const hash = (page) => page.evaluate(() => window.highwater.stateHash());
const arrives = (page, us) => page.waitForFunction((us) => window.highwater.stats().time === us && !window.highwater.stats().hurrying, us);

test("an act in the past leaves both futures; they are named, turned to and taken back", async () => {
  const { page, problems, close } = await open();
  await seek(page, 30);
  await seek(page, 12);
  await page.keyboard.press("Shift+B");
  const panel = page.locator(".branches");
  assert.match(await panel.locator(".quiet").innerText(), /Go back in time and do something there/);
  assert.equal(await kill(page, 1), null);
  await seek(page, 20);
  const rows = panel.locator(".branch-tree li");
  await rows.nth(1).waitFor();
  assert.deepEqual(await rows.locator(".branch-name").allInnerTexts(), ["As it began", "You killed broker 1, 12.000 s"]);
  assert.equal(await rows.nth(1).getByRole("button").first().getAttribute("aria-current"), "true");

  const field = panel.locator("input");
  await field.fill("without broker 1");
  await field.press("Enter");
  await panel.getByRole("button", { name: "without broker 1", exact: true }).waitFor();
  const without = await hash(page);
  // By keyboard: the row is a button. The moment stays the same, the world is another one.
  await rows.first().getByRole("button").first().focus();
  await page.keyboard.press("Enter");
  await arrives(page, 20e6);
  const with_it = await hash(page);
  assert.notEqual(with_it, without);
  assert.deepEqual((await branches(page)).map(({ name, from, shown }) => [name, from, shown]), [["", 0, true], ["without broker 1", 12e6, false]]);
  // The future that was left is still known to its end.
  assert.ok((await branches(page))[0].end > 29e6);
  await page.keyboard.press("y");
  await arrives(page, 20e6);
  assert.equal(await hash(page), without);
  assert.equal(await page.evaluate(() => window.highwater.branch(0)), true);
  await arrives(page, 20e6);
  assert.equal(await hash(page), with_it);
  assert.equal(await page.evaluate(() => window.highwater.branch(0)), false, "it is shown already");

  // Undo goes to the parent at the moment of the act, redo to the branch that was shown last.
  await act(page, "other-branch");
  await arrives(page, 20e6);
  await act(page, "undo");
  await arrives(page, 12e6);
  await act(page, "redo");
  await arrives(page, 20e6);
  assert.equal(await hash(page), without);
  assert.deepEqual(problems(), []);
  await close();
});

test("two branches are compared at the first event that differs, and either leads there", async () => {
  const { page, problems, close } = await open();
  await seek(page, 25);
  await seek(page, 12);
  await kill(page, 1);
  await seek(page, 18);
  await act(page, "branches");
  await page.locator(".branches").getByRole("button", { name: /^Compare the branch shown with/ }).click();
  const found = page.locator(".branch-found");
  await found.filter({ hasText: "The first event that differs is at 12.000 s." }).waitFor();
  assert.match(await found.innerText(), /In “You killed broker 1, 12\.000 s”: Broker 1 is killed\. \(12\.000 s\) In “As it began”: .+\(12\.\d+ s\)/);
  const jumps = page.locator(".branch-jumps button");
  await jumps.nth(1).click();
  await page.waitForFunction(() => window.highwater.branches()[0].shown);
  const there = await time(page);
  assert.ok(there > 12e6 && there < 13e6, `${there}`);
  await jumps.first().click();
  await arrives(page, 12e6);
  assert.equal((await branches(page))[1].shown, true);
  // By key: with the branch shown before. What is said stays until something else is compared.
  await page.keyboard.press("Shift+Y");
  await found.filter({ hasText: "12.000 s" }).waitFor();
  assert.deepEqual(problems(), []);
  await close();
});

test("thirty branches can be read: at a desk, in the dark, on a phone", async () => {
  for (const options of [{}, { lang: "zh-CN", theme: "dark" }, { viewport: { width: 390, height: 844 }, touch: true }]) {
    const { page, problems, close } = await open(options);
    await seek(page, 20);
    await page.evaluate(() => {
      for (let index = 0; index < 30; index += 1) {
        window.highwater.branch(0);
        window.highwater.seek((9 + index / 4) * 1e6);
        window.highwater.do({ do: "send", producer: 4, count: index + 1 });
        window.highwater.seek((14 + index / 5) * 1e6);
      }
    });
    await act(page, "branches");
    const panel = page.locator(".branches");
    await panel.locator(".branch-tree li").nth(30).waitFor();
    assert.equal(await panel.locator(".branch-tree li").count(), 31);
    const { high, room, wide } = await panel.evaluate((it) => ({ high: it.scrollHeight, room: it.clientHeight, wide: it.scrollWidth - it.clientWidth }));
    assert.ok(high > room && wide <= 0, `${high} ${room} ${wide}`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `the page scrolls sideways by ${overflow} px`);
    await page.evaluate(() => window.highwater.act("compare-branches"));
    await page.locator(".branch-jumps button").first().waitFor();
    assert.deepEqual(await axe(page), []);
    // Forty-eight are kept, and it says so.
    await page.evaluate(() => {
      for (let index = 0; index < 20; index += 1) {
        window.highwater.branch(0);
        window.highwater.seek(9.1e6);
        window.highwater.do({ do: "send", producer: 4, count: index + 1 });
      }
    });
    await panel.locator(".branch-head", { hasText: "48" }).waitFor();
    assert.equal((await branches(page)).length, 48);
    assert.deepEqual(problems(), []);
    await close();
  }
});
