// axe finds nothing: both languages, all themes, from a narrow phone to a projector.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { axe, closeAll, openPage } from "./harness.mjs";

after(closeAll);

const PAGES = ["#/", "#/s/01-queue-and-pubsub", "#/s/02-leader-failover", "#/sandbox"];
const SIZES = [
  { width: 320, height: 640 },
  { width: 390, height: 844 },
  { width: 768, height: 1024 },
  { width: 1366, height: 768 },
  { width: 1920, height: 1080 },
];

for (const lang of ["en", "zh-CN"]) {
  for (const theme of ["light", "dark", "projector"]) {
    test(`axe finds nothing in ${lang}, ${theme}`, async () => {
      for (const path of PAGES) {
        for (const viewport of SIZES) {
          const touch = viewport.width < 600;
          const { page, problems, close } = await openPage({
            path: `${path}?lang=${lang}`,
            lang,
            viewport,
            touch,
          });
          await page.waitForFunction(() => window.highwater?.stats());
          await page.evaluate(async (theme) => {
            window.highwater.pause();
            window.highwater.seek(8_000_000);
            for (let turn = 0; turn < 3 && document.documentElement.dataset.theme !== theme; turn += 1) {
              window.highwater.act("theme");
              await new Promise((resolve) => setTimeout(resolve, 50));
            }
          }, theme);
          assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), theme);
          const place = `${path} at ${viewport.width} px`;
          assert.deepEqual(await axe(page), [], place);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          assert.ok(overflow <= 0, `${place} scrolls sideways by ${overflow} px`);
          assert.deepEqual(problems(), [], place);
          await close();
        }
      }
    });
  }
}
