// The trace of the page is, byte for byte, the trace of the command line.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, test } from "node:test";
import { closeAll, openPage } from "./harness.mjs";

after(closeAll);

const STORIES = ["02-leader-failover", "03a-acks-1"];

/** What `highwater trace` writes for a story. */
function native(story, level) {
  const script = `web/lessons/${story}/script.kdl`;
  const args = ["run", "-q", "-p", "highwater-cli", "--", "trace", script, "--level", String(level)];
  return execFileSync("cargo", args, { encoding: "utf8", maxBuffer: 1 << 28 });
}

for (const story of STORIES) {
  test(`page and command line write the same trace of ${story}`, async () => {
    const { page, problems, close } = await openPage({ path: `#/s/${story}?lang=en`, lang: "en" });
    await page.waitForFunction(() => window.highwater?.stats());
    await page.evaluate(() => window.highwater.pause());
    for (const level of [1, 2]) {
      const found = await page.evaluate((level) => window.highwater.trace(level), level);
      assert.equal(found, native(story, level));
    }
    assert.deepEqual(problems(), []);
    await close();
  });
}

test("a trace is downloaded as a file", async () => {
  const { page, problems, close } = await openPage({ path: `#/s/${STORIES[0]}?lang=en`, lang: "en" });
  await page.waitForFunction(() => window.highwater?.stats());
  await page.evaluate(() => window.highwater.pause());
  const download = page.waitForEvent("download");
  await page.evaluate(() => window.highwater.act("download-trace"));
  assert.match((await download).suggestedFilename(), /\.jsonl$/);
  assert.deepEqual(problems(), []);
  await close();
});
