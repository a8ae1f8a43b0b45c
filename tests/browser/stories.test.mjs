// Each story is played to its end in both languages, its questions answered on the page.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeAll, openPage } from "./harness.mjs";

after(closeAll);

const LESSONS = [
  "01-queue-and-pubsub",
  "02-leader-failover",
  "03a-acks-1",
  "03b-acks-all",
  "03c-commit-before",
  "03d-commit-after",
  "03e-dedupe",
  "30a-lost-answer",
  "30d-in-order",
  "31a-abort",
  "31e-exactly-once",
];

/** Plays at ten times the pace; where the story stops, reads on or answers the question. */
async function playToTheEnd(page) {
  await page.evaluate(() => {
    for (let faster = 0; faster < 4; faster += 1) window.highwater.act("faster");
  });
  let questions = 0;
  for (let turn = 0; turn < 400; turn += 1) {
    const stats = await page.evaluate(() => window.highwater.stats());
    if (stats.events >= stats.end) return questions;
    if (!stats.playing) {
      const card = page.locator("form.card");
      const open = card.locator("input[type=radio]:not(:disabled)");
      if ((await open.count()) > 0) {
        await open.first().check({ force: true });
        await card.getByRole("button").first().click();
        questions += 1;
      } else {
        await page.evaluate(() => window.highwater.play());
      }
    }
    await page.waitForTimeout(120);
  }
  throw new Error("the story did not end");
}

for (const lang of ["en", "zh-CN"]) {
  for (const lesson of LESSONS) {
    test(`${lesson} is told to its end in ${lang}`, async () => {
      const { page, problems, close } = await openPage({ path: `#/s/${lesson}?lang=${lang}`, lang });
      await page.waitForFunction(() => window.highwater?.stats());
      assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
      const questions = await playToTheEnd(page);
      assert.ok(questions >= 1, "a question is asked before the decisive moment");
      // The same recording gives the same state on every machine: the headless engine is asked in the native suites.
      assert.match(await page.evaluate(() => window.highwater.stateHash()), /^[0-9a-f]{16}$/);
      assert.deepEqual(problems(), []);
      await close();
    });
  }
}
