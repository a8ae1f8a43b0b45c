// Two thousand things a reader might do, in an order nobody would choose: nothing breaks.
// RANDOM_ACTIONS and RANDOM_SEED choose others.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeAll, openPage } from "./harness.mjs";

after(closeAll);

const COUNT = Number(process.env.RANDOM_ACTIONS ?? 2000);
const SEED = Number(process.env.RANDOM_SEED ?? 20261121);

/** mulberry32 */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const KEYS = ["ArrowRight", "ArrowLeft", "Shift+ArrowRight", "PageDown", "PageUp", "Home", "Space", "-", "=", "1", "2", "Alt+1", "Alt+2",
  "Control+z", "Control+Shift+z", "d", "s", "m", "i", "l", "t", "p", "b", "Escape", "Tab", "Enter", "ArrowDown", "ArrowUp", "Delete", "Shift+F10"];
const ACTS = ["add-broker", "add-topic", "add-partition", "add-producer", "add-group", "add-consumer", "add-queue", "remove", "undo", "undo",
  "redo", "toggle-play", "sequence", "charts", "group-panel", "producer-panel", "palette", "inspector", "to-start", "describe", "take-controls",
  "zoom-in", "zoom-out", "zoom-fit", "copy-link", "start-afresh", "earlier-sandbox", "present", "toggle-2"];
const PLACES = ["#/", "#/sandbox", "#/s/01-queue-and-pubsub", "#/s/02-leader-failover", "#/s/03a-acks-1", "#/s/03d-commit-after"];

test(`${COUNT} random actions with seed ${SEED}`, { timeout: 900_000 }, async () => {
  const { page, problems, close } = await openPage({ path: "#/sandbox", lang: "en", viewport: { width: 1366, height: 768 } });
  await page.waitForFunction(() => window.highwater?.stats());
  const next = random(SEED);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const done = [];
  for (let turn = 0; turn < COUNT; turn += 1) {
    const dice = next();
    const [x, y] = [300 + next() * 800, 60 + next() * 620];
    let what;
    if (dice < 0.4) {
      what = `key ${pick(KEYS)}`;
      await page.keyboard.press(what.slice(4));
    } else if (dice < 0.55) {
      what = `act ${pick(ACTS)}`;
      await page.evaluate((name) => window.highwater.act(name), what.slice(4));
    } else if (dice < 0.7) {
      what = `click ${x.toFixed(0)},${y.toFixed(0)}`;
      await page.mouse.click(x, y);
    } else if (dice < 0.8) {
      what = `right click ${x.toFixed(0)},${y.toFixed(0)}`;
      await page.mouse.click(x, y, { button: "right" });
      const items = page.locator('[role="menuitem"][aria-disabled="false"]');
      const count = await items.count();
      if (count > 0) await items.nth(Math.floor(next() * count)).click({ timeout: 1000 }).catch(() => {});
    } else if (dice < 0.9) {
      what = `seek ${Math.floor(next() * 20)}`;
      await page.evaluate((us) => window.highwater.seek(us), Number(what.slice(5)) * 1e6);
    } else if (dice < 0.97) {
      what = `step ${Math.floor(next() * 40 - 20)}`;
      await page.evaluate((n) => window.highwater.step(n), Number(what.slice(5)));
    } else {
      what = `go ${pick(PLACES)}`;
      await page.evaluate((hash) => (location.hash = hash), what.slice(3));
      await page.waitForFunction(() => window.highwater?.stats(), null, { timeout: 5000 }).catch(() => {});
    }
    done.push(what);
    if (turn % 50 === 49) {
      assert.deepEqual(problems(), [], `after ${done.slice(-60).join("; ")}`);
      assert.equal(await page.locator("#crash").count(), 0, done.slice(-60).join("; "));
    }
  }
  assert.deepEqual(problems(), [], done.slice(-60).join("; "));
  await page.evaluate(() => (location.hash = "#/sandbox"));
  await page.waitForFunction(() => window.highwater?.stats());
  await close();
});
