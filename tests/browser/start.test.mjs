// The page starts on a strict host: no error, no violation, no foreign request.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { axe, closeAll, openPage } from "./harness.mjs";

after(closeAll);

for (const [lang, theme, touch] of [
  ["en-US", "light", false],
  ["zh-CN", "dark", true],
]) {
  test(`starts in ${lang}, ${theme}${touch ? ", by touch" : ""}`, async () => {
    const viewport = touch ? { width: 390, height: 844 } : undefined;
    const { page, problems, close } = await openPage({ lang, theme, touch, viewport });
    await page.getByRole("main").waitFor();
    assert.deepEqual(problems(), []);
    assert.deepEqual(await axe(page), []);
    await close();
  });
}
