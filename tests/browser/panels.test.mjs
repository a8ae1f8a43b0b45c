// The panels under the stage, the palette, the frame and the card for the worst case.

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

const seek = (page, seconds) => page.evaluate((us) => window.highwater.seek(us), seconds * 1e6);

test("a click on the sequence diagram goes to a moment, and the stage's selection is marked on it", async () => {
  const { page, problems, close } = await open("#/s/02-leader-failover?lang=en");
  await seek(page, 8.2);
  await page.evaluate(() => window.highwater.act("sequence"));
  const canvas = page.locator(".sequence canvas");
  await canvas.waitFor();
  const box = await canvas.boundingBox();
  const before = await page.evaluate(() => window.highwater.stats().time);
  await page.mouse.click(box.x + box.width * 0.5, box.y + box.height - 30);
  await page.waitForTimeout(50);
  assert.notEqual(await page.evaluate(() => window.highwater.stats().time), before);
  await page.locator(".sequence-bar button").first().click();
  await canvas.focus();
  await page.keyboard.press("w");
  assert.match(await canvas.getAttribute("aria-label"), /messages in/);
  assert.deepEqual(problems(), []);
  await close();
});

test("axe finds nothing in panels, palette and inspector tabs, in both languages", async () => {
  for (const lang of ["en", "zh-CN"]) {
    const { page, problems, close } = await open(`#/s/02-leader-failover?lang=${lang}`, { lang });
    await seek(page, 19);
    for (const action of ["sequence", "charts", "charts", "group-panel", "group-panel", "producer-panel", "producer-panel", "promises", "promises", "branches", "branches", "palette"]) {
      await page.evaluate((name) => window.highwater.act(name), action);
      await page.waitForTimeout(60);
      assert.deepEqual(await axe(page), [], `${action} in ${lang}`);
    }
    await page.keyboard.press("Escape");
    for (const tab of ["state", "config", "why", "cli", "log"]) {
      await page.locator(`#tab-${tab}`).click();
      assert.deepEqual(await axe(page), [], `${tab} in ${lang}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `${tab} in ${lang} scrolls sideways by ${overflow} px`);
    }
    assert.deepEqual(problems(), []);
    await close();
  }
});

test("time runs on to the next loss by key and to the next election by call; the promises say what was given up", async () => {
  const { page, problems, close } = await open("#/s/03a-acks-1?lang=en");
  const time = () => page.evaluate(() => window.highwater.stats().time);
  const moved = (from) => page.waitForFunction((before) => window.highwater.stats().time > before, from);
  await seek(page, 0);
  await page.keyboard.press("v");
  const panel = page.locator(".promises");
  await panel.locator(".kept").first().waitFor();
  assert.equal(await panel.locator(".given-up, .broken").count(), 0);
  await page.keyboard.press("n");
  const lost = panel.locator(".given-up", { hasText: "acked-write-lost" });
  await lost.waitFor();
  assert.match(await lost.innerText(), /acks/);
  assert.equal(await panel.locator(".broken").count(), 0);
  const loss = await time();
  // The line leads back to the first time.
  await page.keyboard.press("End");
  await moved(loss);
  await lost.getByRole("button").click();
  await page.waitForFunction((at) => window.highwater.stats().time === at, loss);
  await seek(page, 0);
  assert.equal(await page.evaluate(() => window.highwater.until("election")), true);
  await moved(0);
  assert.ok((await time()) <= loss, "the loss is found when the new leader begins");
  assert.equal(await page.evaluate(() => window.highwater.until("christmas")), false);
  assert.deepEqual(problems(), []);
  await close();
});

test("the inspector shows what Kafka's tools would print", async () => {
  const { page, problems, close } = await open("#/s/02-leader-failover?lang=en");
  await page.evaluate(() => window.highwater.beat(5));
  await page.locator("#tab-cli").click();
  const text = await page.locator("pre.cli").innerText();
  assert.match(text, /^\$ kafka-topics\.sh .*--describe --topic orders\n/);
  assert.match(text, /\tTopic: orders\tPartition: 0\tLeader: 2\tReplicas: 1,2,3\tIsr: 2,3\t/);
  await page.locator('[data-target="node:2"]').first().focus();
  await page.keyboard.press(" ");
  await page.locator("#tab-log").click();
  assert.match(await page.locator(".server-log").innerText(), /Leader orders-0 starts at leader epoch 1/);
  assert.deepEqual(problems(), []);
  await close();
});

test("a page around the frame steers it by messages", async () => {
  const { page, url, problems, close } = await open("#/s/02-leader-failover?embed=1&lang=en");
  assert.equal(await page.locator(".top").isVisible(), false);
  assert.equal(await page.locator(".stage-figure").isVisible(), true);
  await page.evaluate((url) => {
    document.body.replaceChildren();
    window.heard = [];
    window.addEventListener("message", ({ data }) => data.highwater === 1 && window.heard.push(data));
    const frame = document.createElement("iframe");
    frame.src = url.replace("#", "?framed#");
    document.body.append(frame);
  }, url);
  await page.waitForFunction(() => window.heard.some((message) => message.event === "ready"));
  await page.waitForFunction(() => window.heard.some((message) => message.event === "state"));
  const answer = await page.evaluate(async () => {
    const frame = document.querySelector("iframe").contentWindow;
    frame.postMessage({ highwater: 1, call: "beat", arg: 4, id: 9 }, "*");
    while (!window.heard.some((message) => message.id === 9)) await new Promise((resolve) => setTimeout(resolve, 20));
    return window.heard.find((message) => message.id === 9).result;
  });
  assert.equal(answer, 4);
  assert.deepEqual(problems(), []);
  await close();
});

test("after a mistake the engine starts again without reloading the page", async () => {
  const { page, close } = await open("#/s/02-leader-failover?lang=en");
  await seek(page, 9);
  await page.waitForTimeout(800);
  const before = await page.evaluate(() => {
    window.sameDocument = true;
    return window.highwater.stats().events;
  });
  await page.evaluate(() => setTimeout(() => { throw new Error("a mistake for a test"); }));
  await page.locator("#crash").waitFor();
  assert.match(await page.locator("#crash pre").innerText(), /a mistake for a test[\s\S]*#\/s\/02-leader-failover\?event=\d+/);
  await page.locator('#crash [data-crash="before"]').first().click();
  await page.waitForFunction(() => window.highwater?.stats() && !document.getElementById("crash"));
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate(() => window.sameDocument), true);
  assert.equal(await page.evaluate(() => window.highwater.stats().events), before);
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.evaluate(() => window.highwater.stats().events), before + 1);
  await close();
});

test("theme and language stand in the link", async () => {
  const { page, close } = await open("#/s/02-leader-failover?lang=zh-CN&theme=projector");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "projector");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
  await close();
});
