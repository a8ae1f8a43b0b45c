// What a user does with pointer and keyboard, and that both do the same.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeAll, openPage } from "./harness.mjs";

after(closeAll);

const STORY = "#/s/02-leader-failover?lang=en";

async function open(path = STORY, options = {}) {
  const opened = await openPage({ path, lang: "en", ...options });
  await opened.page.waitForFunction(() => window.highwater?.stats());
  await opened.page.evaluate(() => window.highwater.pause());
  return opened;
}

const hash = (page) => page.evaluate(() => window.highwater.stateHash());
const seek = (page, seconds) => page.evaluate((us) => window.highwater.seek(us), seconds * 1e6);
const broker = (page, id) => page.locator(`[data-target="node:${id}"]`).first();

test("a broker is killed by pointer, by keyboard and by the programming interface: the same state", async () => {
  const states = [];
  const ways = [
    async (page) => {
      await broker(page, 1).click({ button: "right" });
      await page.getByRole("menuitem", { name: /kill/i }).click();
    },
    async (page) => {
      await broker(page, 1).focus();
      await page.keyboard.press("Shift+F10");
      await page.getByRole("menu").waitFor();
      await page.keyboard.press("k");
    },
    async (page) => {
      const refused = await page.evaluate(() => window.highwater.do('{"do":"stop","node":1,"how":"Crash"}'));
      assert.equal(refused, null);
    },
  ];
  for (const way of ways) {
    const { page, problems, close } = await open();
    await seek(page, 7);
    await way(page);
    await page.waitForTimeout(200);
    await page.evaluate(() => window.highwater.pause());
    await seek(page, 9);
    states.push(await hash(page));
    assert.deepEqual(problems(), []);
    await close();
  }
  assert.equal(new Set(states).size, 1, states.join(" "));
});

test("stepping back fifty events and forward again gives the identical state", async () => {
  const { page, problems, close } = await open();
  await seek(page, 8);
  const before = await hash(page);
  await page.evaluate(() => window.highwater.step(-50));
  assert.notEqual(await hash(page), before);
  await page.evaluate(() => window.highwater.step(50));
  assert.equal(await hash(page), before);
  await page.keyboard.press("ArrowLeft");
  assert.notEqual(await hash(page), before);
  await page.keyboard.press("ArrowRight");
  assert.equal(await hash(page), before);
  assert.deepEqual(problems(), []);
  await close();
});

test("an act in the past forks, and undo brings the old future back", async () => {
  const { page, problems, close } = await open();
  await seek(page, 12);
  const future = await hash(page);
  await seek(page, 6);
  await page.evaluate(() => window.highwater.do('{"do":"stop","node":2,"how":"Crash"}'));
  await seek(page, 12);
  assert.notEqual(await hash(page), future);
  await page.keyboard.press("Control+z");
  await seek(page, 12);
  assert.equal(await hash(page), future);
  assert.deepEqual(problems(), []);
  await close();
});

test("language and theme change in place, and the run stays where it was", async () => {
  const { page, problems, close } = await open();
  await seek(page, 7);
  const before = await hash(page);
  await page.keyboard.press("l");
  await page.waitForFunction(() => document.documentElement.lang === "zh-CN");
  const themes = new Set();
  for (let turn = 0; turn < 3; turn += 1) {
    themes.add(await page.evaluate(() => document.documentElement.dataset.theme));
    await page.keyboard.press("t");
  }
  assert.deepEqual([...themes].sort(), ["dark", "light", "projector"]);
  assert.equal(await hash(page), before);
  assert.deepEqual(problems(), []);
  await close();
});

test("a paused page asks for no frame, and so does a hidden one", async () => {
  const { page, problems, close } = await open(STORY, {
    before: (page) =>
      page.addInitScript(() => {
        window.asked = 0;
        const real = window.requestAnimationFrame.bind(window);
        window.requestAnimationFrame = (callback) => {
          window.asked += 1;
          return real(callback);
        };
      }),
  });
  await page.waitForTimeout(500);
  const before = await page.evaluate(() => window.asked);
  await page.waitForTimeout(1500);
  assert.equal(await page.evaluate(() => window.asked), before);
  assert.deepEqual(problems(), []);
  await close();
});

test("a bad scenario is refused with line, column and advice, and the run goes on", async () => {
  const { page, problems, close } = await open();
  await seek(page, 7);
  const before = await hash(page);
  const errors = await page.evaluate(() => window.highwater.load("brokers 3\ntopik orders"));
  assert.equal(errors.length, 1);
  assert.match(errors[0], /line 2, column 1: unknown directive "topik"/);
  assert.equal(await hash(page), before);
  const hostile = ["{".repeat(50_000), "brokers 99999", "topic \"<script>alert(1)</script>\"", "\u0000", "x ".repeat(300_000)];
  for (const text of hostile) {
    assert.ok((await page.evaluate((text) => window.highwater.load(text), text))?.length > 0);
  }
  assert.equal(await hash(page), before);
  assert.deepEqual(problems(), []);
  await close();
});

test("a world without a story opens as a sandbox with an open future", async () => {
  const { page, problems, close } = await open("#/sandbox?lang=en");
  const text = "scenario mine\nbrokers 1\ntopic t\nproducer p topic=t start=\"1s\" every=\"100ms\"";
  assert.equal(await page.evaluate((text) => window.highwater.load(text), text), null);
  await page.waitForTimeout(300);
  await seek(page, 20);
  const { time } = await page.evaluate(() => window.highwater.stats());
  assert.equal(time, 20e6);
  await page.evaluate(() => window.highwater.play());
  await page.waitForTimeout(1_000);
  const later = await page.evaluate(() => window.highwater.stats());
  assert.ok(later.playing && later.time > time);
  assert.deepEqual(problems(), []);
  await close();
});

test("with reduced motion the page starts paused", async () => {
  const { page, problems, close } = await openPage({ path: "#/", lang: "en", reducedMotion: true });
  await page.waitForFunction(() => window.highwater?.stats());
  await page.waitForTimeout(500);
  assert.equal((await page.evaluate(() => window.highwater.stats())).playing, false);
  assert.deepEqual(problems(), []);
  await close();
});

test("three hundred random acts leave no error behind", async () => {
  const { page, problems, close } = await open("#/sandbox?lang=en");
  let state = 20_261_121;
  const draw = (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state % bound;
  };
  const names = ["toggle-play", "event-forward", "event-back", "ten-forward", "ten-back", "undo", "redo", "faster", "slower", "language", "theme", "inspector", "to-start", "to-end", "escape"];
  for (let n = 0; n < 300; n += 1) {
    const node = draw(9);
    const commands = [
      { do: "stop", node, how: ["Crash", "Power", "Graceful"][draw(3)] },
      { do: "start", node },
      { do: "pause", node },
      { do: "resume", node },
      { do: "cut", from: node, to: draw(9), both_ways: true },
      { do: "heal-all" },
      { do: "send", producer: node, count: 3 },
    ];
    await page.evaluate(
      ([name, command, seconds]) => {
        if (command) window.highwater.do(JSON.stringify(command));
        else if (seconds) window.highwater.seek(seconds * 1e6);
        else window.highwater.act(name);
      },
      [names[draw(names.length)], draw(3) === 0 ? commands[draw(commands.length)] : null, draw(5) === 0 ? draw(40) : 0],
    );
  }
  assert.deepEqual(problems(), []);
  await close();
});
